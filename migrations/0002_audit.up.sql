-- The record of calls: one row before a call that changes something, one after
-- every call. Rows are added and never changed: the triggers below refuse
-- UPDATE, DELETE and TRUNCATE to everybody, the table's owner and superusers
-- included. Who must delete (a retention period, a person's right to erasure)
-- drops or disables the triggers first, which is DDL and leaves its own trace.
-- A role that writes needs USAGE on the schema and INSERT on the table alone.
CREATE TABLE fluxmcp.audit_log (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at               timestamptz NOT NULL,
    issuer           text,
    subject          text,
    tool             text,
    effect           text CHECK (effect IN ('read', 'write', 'overwrite', 'destroy')),
    objects          text[] NOT NULL DEFAULT '{}',
    outcome          text NOT NULL,
    duration_ms      double precision,
    arguments_digest text,
    ref              text,
    request_id       text,
    trace_id         text,
    address          inet
);

CREATE INDEX audit_log_at_idx ON fluxmcp.audit_log (at, id);
CREATE INDEX audit_log_subject_at_idx ON fluxmcp.audit_log (subject, at, id);

CREATE FUNCTION fluxmcp.audit_log_refuse() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'fluxmcp.audit_log is append-only: % is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege',
            HINT = 'To delete by intent, the owner disables the triggers of fluxmcp.audit_log first.';
END
$$;
REVOKE ALL ON FUNCTION fluxmcp.audit_log_refuse() FROM PUBLIC;

-- One for statements, so that one that meets no row is refused too, and one for
-- rows, which also fires where the table was made the child of another.
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON fluxmcp.audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION fluxmcp.audit_log_refuse();
CREATE TRIGGER audit_log_append_only_row BEFORE UPDATE OR DELETE ON fluxmcp.audit_log
    FOR EACH ROW EXECUTE FUNCTION fluxmcp.audit_log_refuse();
-- ALWAYS: also with session_replication_role = replica, which skips other triggers.
ALTER TABLE fluxmcp.audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
ALTER TABLE fluxmcp.audit_log ENABLE ALWAYS TRIGGER audit_log_append_only_row;

REVOKE ALL ON fluxmcp.audit_log FROM PUBLIC;

COMMENT ON TABLE fluxmcp.audit_log IS 'Append-only record of the calls that fluxmcp ran: who, what, when and how it ended; no arguments, results or tokens.';
COMMENT ON COLUMN fluxmcp.audit_log.id IS 'Order in which rows were stored; gaps are normal.';
COMMENT ON COLUMN fluxmcp.audit_log.at IS 'When the call began, by the clock of the fluxmcp that ran it.';
COMMENT ON COLUMN fluxmcp.audit_log.issuer IS 'iss of the caller''s token; "local" for the user of a stdio server.';
COMMENT ON COLUMN fluxmcp.audit_log.subject IS 'sub of the caller''s token: unique within the issuer.';
COMMENT ON COLUMN fluxmcp.audit_log.tool IS 'Name of the tool; "audit" in rows about the audit itself.';
COMMENT ON COLUMN fluxmcp.audit_log.effect IS 'What the tool may do: read, write, overwrite or destroy.';
COMMENT ON COLUMN fluxmcp.audit_log.objects IS 'What was touched, such as table:public.projects; for outcome dropped, count:N.';
COMMENT ON COLUMN fluxmcp.audit_log.outcome IS 'started (written before a call that changes something), ok, the code of the failure, or dropped: N rows are missing here.';
COMMENT ON COLUMN fluxmcp.audit_log.duration_ms IS 'How long the call took, ms; null for started; for dropped, from the first to the last missing row.';
COMMENT ON COLUMN fluxmcp.audit_log.arguments_digest IS 'SHA-256 of the arguments as they were sent, hexadecimal.';
COMMENT ON COLUMN fluxmcp.audit_log.ref IS 'Reference of an internal failure, under which its cause is logged.';
COMMENT ON COLUMN fluxmcp.audit_log.request_id IS 'Id of the HTTP request.';
COMMENT ON COLUMN fluxmcp.audit_log.trace_id IS 'Id of the trace that the call belongs to.';
COMMENT ON COLUMN fluxmcp.audit_log.address IS 'Address of the client.';
