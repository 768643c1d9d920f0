-- Constraints, indexes, views and comments of the sample company.
ALTER TABLE users ADD UNIQUE (email),
    ADD CHECK (user_type IN ('client', 'designer', 'admin'));
CREATE INDEX idx_users_oauth ON users (oauth_provider, oauth_id);
CREATE INDEX idx_users_created_at ON users (created_at);

ALTER TABLE organizations ADD UNIQUE (slug),
    ADD CHECK (type IN ('studio', 'school', 'college', 'independent')),
    ADD FOREIGN KEY (created_by) REFERENCES users;

ALTER TABLE organization_members ADD UNIQUE (organization_id, user_id),
    ADD CHECK (role IN ('owner', 'admin', 'member')),
    ADD FOREIGN KEY (organization_id) REFERENCES organizations ON DELETE CASCADE,
    ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
CREATE INDEX idx_organization_members_user ON organization_members (user_id);

ALTER TABLE teams ADD UNIQUE (organization_id, name),
    ADD FOREIGN KEY (organization_id) REFERENCES organizations ON DELETE CASCADE;

ALTER TABLE team_members ADD UNIQUE (team_id, user_id),
    ADD CHECK (role IN ('lead', 'member', 'viewer')),
    ADD FOREIGN KEY (team_id) REFERENCES teams ON DELETE CASCADE,
    ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
CREATE INDEX idx_team_members_user ON team_members (user_id);

ALTER TABLE projects ADD UNIQUE (organization_id, slug),
    ADD CHECK (status IN ('planning', 'active', 'on-hold', 'completed', 'cancelled')),
    ADD CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    ADD CHECK (due_date >= start_date),
    ADD CHECK (completion_date >= start_date),
    ADD CHECK ((status = 'completed') = (completion_date IS NOT NULL)),
    ADD FOREIGN KEY (organization_id) REFERENCES organizations ON DELETE CASCADE,
    ADD FOREIGN KEY (team_id) REFERENCES teams,
    ADD FOREIGN KEY (manager_id) REFERENCES users,
    ADD FOREIGN KEY (client_id) REFERENCES users,
    ADD FOREIGN KEY (template_id) REFERENCES projects;
CREATE INDEX idx_projects_status ON projects (status);
CREATE INDEX idx_projects_manager ON projects (manager_id);
CREATE INDEX idx_projects_team ON projects (team_id);
CREATE INDEX idx_projects_due ON projects (due_date) WHERE status = 'active';

ALTER TABLE project_members ADD UNIQUE (project_id, user_id),
    ADD CHECK (role IN ('manager', 'contributor', 'reviewer', 'viewer')),
    ADD FOREIGN KEY (project_id) REFERENCES projects ON DELETE CASCADE,
    ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
CREATE INDEX idx_project_members_user ON project_members (user_id);

ALTER TABLE tasks
    ADD CHECK (priority IN ('low', 'medium', 'high', 'urgent')),
    ADD CHECK (due_date >= start_date),
    ADD CHECK ((status = 'done') = (completed_at IS NOT NULL)),
    ADD FOREIGN KEY (project_id) REFERENCES projects ON DELETE CASCADE,
    ADD FOREIGN KEY (assigned_to) REFERENCES users ON DELETE SET NULL,
    ADD FOREIGN KEY (created_by) REFERENCES users;
CREATE INDEX idx_tasks_project ON tasks (project_id, position);
CREATE INDEX idx_tasks_assignee ON tasks (assigned_to, status);
CREATE INDEX idx_tasks_open_due ON tasks (due_date) WHERE status NOT IN ('done', 'cancelled');

ALTER TABLE files
    ADD CHECK (size_bytes > 0), ADD CHECK (version > 0),
    ADD FOREIGN KEY (project_id) REFERENCES projects ON DELETE CASCADE,
    ADD FOREIGN KEY (task_id) REFERENCES tasks ON DELETE SET NULL,
    ADD FOREIGN KEY (uploaded_by) REFERENCES users;
CREATE INDEX idx_files_project ON files (project_id, created_at);

ALTER TABLE messages
    ADD FOREIGN KEY (project_id) REFERENCES projects ON DELETE CASCADE,
    ADD FOREIGN KEY (task_id) REFERENCES tasks ON DELETE SET NULL,
    ADD FOREIGN KEY (author_id) REFERENCES users,
    ADD FOREIGN KEY (reply_to) REFERENCES messages ON DELETE SET NULL;
CREATE INDEX idx_messages_project ON messages (project_id, created_at);
CREATE INDEX idx_messages_author ON messages (author_id);

ALTER TABLE oauth_tokens
    ADD CONSTRAINT unique_user_provider UNIQUE (user_id, provider),
    ADD CONSTRAINT valid_provider CHECK (provider IN ('figma', 'slack', 'github', 'notion', 'asana', 'monday', 'linear')),
    ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
CREATE INDEX idx_oauth_tokens_provider ON oauth_tokens (provider);
CREATE INDEX idx_oauth_tokens_expires ON oauth_tokens (expires_at);
ALTER TABLE oauth_state_tokens ADD UNIQUE (state_token),
    ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;
ALTER TABLE refresh_tokens ADD UNIQUE (token),
    ADD FOREIGN KEY (user_id) REFERENCES users ON DELETE CASCADE;

CREATE VIEW active_projects AS
SELECT p.id, p.name, o.name AS organization, t.name AS team, m.name AS manager, p.priority, p.budget,
       p.start_date, p.due_date, p.due_date - current_date AS days_left
FROM projects p
JOIN organizations o ON o.id = p.organization_id
JOIN users m ON m.id = p.manager_id
LEFT JOIN teams t ON t.id = p.team_id
WHERE p.status = 'active';

CREATE VIEW overdue_tasks AS
SELECT t.id, t.title, t.status, t.due_date, current_date - t.due_date AS days_late,
       p.name AS project, u.name AS assignee
FROM tasks t
JOIN projects p ON p.id = t.project_id
LEFT JOIN users u ON u.id = t.assigned_to
WHERE t.status NOT IN ('done', 'cancelled') AND t.due_date < current_date AND p.status = 'active';

CREATE VIEW workload AS
SELECT u.id AS user_id, u.name, count(*) AS open_tasks,
       sum(greatest(t.estimated_hours - t.actual_hours, 0)) AS hours_left, min(t.due_date) AS next_due
FROM tasks t
JOIN users u ON u.id = t.assigned_to
WHERE t.status IN ('todo', 'in_progress', 'review')
GROUP BY u.id, u.name;

CREATE MATERIALIZED VIEW project_progress AS
SELECT p.id AS project_id, p.name, p.status,
       count(t.id) AS tasks, count(t.id) FILTER (WHERE t.status = 'done') AS tasks_done,
       round(100.0 * count(t.id) FILTER (WHERE t.status = 'done') / nullif(count(t.id), 0), 1) AS percent_done,
       coalesce(sum(t.estimated_hours), 0) AS estimated_hours, coalesce(sum(t.actual_hours), 0) AS actual_hours
FROM projects p
LEFT JOIN tasks t ON t.project_id = p.id
GROUP BY p.id, p.name, p.status;
CREATE UNIQUE INDEX idx_project_progress ON project_progress (project_id);

CREATE VIEW connected_accounts AS
SELECT u.name, u.email, t.provider, t.provider_username, t.access_token, t.expires_at
FROM oauth_tokens t
JOIN users u ON u.id = t.user_id;

COMMENT ON TABLE sample_info IS 'One row: when the sample company was loaded. Names and texts are the same on every load; dates are counted in working days from anchor_date.';
COMMENT ON TABLE users IS 'Everybody with a login: designers and admins of the studios, and their clients.';
COMMENT ON COLUMN users.user_type IS 'client, designer or admin.';
COMMENT ON COLUMN users.last_login IS 'NULL: never logged in.';
COMMENT ON COLUMN users.created_at IS 'When the person joined.';
COMMENT ON COLUMN users.timezone IS 'IANA name.';
COMMENT ON TABLE organizations IS 'Studios, which do the work, and the schools, colleges and independent ensembles they work for.';
COMMENT ON COLUMN organizations.type IS 'studio for those who do the work; school, college or independent for clients.';
COMMENT ON TABLE organization_members IS 'Who belongs to which organization.';
COMMENT ON COLUMN organization_members.is_active IS 'false: left the organization; the row is kept.';
COMMENT ON TABLE teams IS 'Teams of a studio, one for each craft.';
COMMENT ON TABLE team_members IS 'Designers of a team; a designer can be in two teams.';
COMMENT ON TABLE projects IS 'One commission: a studio team works on a show for a client organization.';
COMMENT ON COLUMN projects.organization_id IS 'The client organization that ordered it.';
COMMENT ON COLUMN projects.team_id IS 'The studio team that does the work.';
COMMENT ON COLUMN projects.manager_id IS 'The designer responsible.';
COMMENT ON COLUMN projects.client_id IS 'The contact at the client.';
COMMENT ON COLUMN projects.status IS 'planning, active, on-hold, completed or cancelled.';
COMMENT ON COLUMN projects.budget IS 'US dollars agreed with the client.';
COMMENT ON COLUMN projects.actual_hours IS 'Hours worked so far: the sum over its tasks, rounded.';
COMMENT ON COLUMN projects.completion_date IS 'Set exactly for completed projects; later than due_date means late.';
COMMENT ON COLUMN projects.ensemble_type IS 'marching-band, drum-corps, winterguard or indoor-percussion.';
COMMENT ON TABLE project_members IS 'Who works on, reviews or watches a project.';
COMMENT ON COLUMN project_members.hourly_rate IS 'US dollars; NULL for clients.';
COMMENT ON COLUMN project_members.is_active IS 'false: left the project.';
COMMENT ON TABLE tasks IS 'Work items of a project, in the order of position.';
COMMENT ON COLUMN tasks.status IS 'todo, in_progress, review, done or cancelled; open means the first three.';
COMMENT ON COLUMN tasks.assigned_to IS 'NULL: nobody yet.';
COMMENT ON COLUMN tasks.completed_at IS 'Set exactly for tasks that are done.';
COMMENT ON COLUMN tasks.actual_hours IS 'Hours logged so far.';
COMMENT ON TABLE files IS 'Files uploaded to a project; version counts up for the same name.';
COMMENT ON TABLE messages IS 'Discussion of a project; reply_to points to the message answered.';
COMMENT ON COLUMN messages.task_id IS 'The task it is about, if one.';
COMMENT ON VIEW active_projects IS 'Projects under way with names instead of keys; days_left is negative when overdue.';
COMMENT ON VIEW overdue_tasks IS 'Open tasks of active projects whose due date has passed.';
COMMENT ON VIEW workload IS 'Open tasks and remaining hours of each person.';
COMMENT ON MATERIALIZED VIEW project_progress IS 'Tasks and hours of each project, as of the last refresh.';
COMMENT ON TABLE oauth_tokens IS 'Tokens of connected accounts. The values in this sample are fake.';
COMMENT ON TABLE oauth_state_tokens IS 'Logins under way at a provider. The values in this sample are fake.';
COMMENT ON TABLE refresh_tokens IS 'Refresh tokens of sessions. The values in this sample are fake.';
COMMENT ON VIEW connected_accounts IS 'Connected accounts with their tokens: shows rows of oauth_tokens.';
