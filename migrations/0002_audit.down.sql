DROP TABLE fluxmcp.audit_log;
DROP FUNCTION fluxmcp.audit_log_refuse();
