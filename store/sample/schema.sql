-- The sample company's tables. Constraints and indexes follow in finish.sql,
-- after the rows: that is faster, and checks all rows once.
CREATE TYPE task_status AS ENUM ('todo', 'in_progress', 'review', 'done', 'cancelled');

CREATE TABLE sample_info (
    anchor_date date NOT NULL,
    loaded_at   timestamptz NOT NULL DEFAULT now(),
    rows        integer NOT NULL
);
CREATE TABLE users (
    id             uuid PRIMARY KEY,
    email          varchar(255) NOT NULL,
    name           varchar(255) NOT NULL,
    password_hash  varchar(255),
    user_type      varchar(50) NOT NULL,
    avatar_url     text,
    phone          varchar(20),
    timezone       varchar(50) NOT NULL DEFAULT 'America/New_York',
    preferences    jsonb NOT NULL DEFAULT '{}',
    oauth_provider varchar(50),
    oauth_id       varchar(255),
    email_verified boolean NOT NULL DEFAULT false,
    is_active      boolean NOT NULL DEFAULT true,
    last_login     timestamptz,
    created_at     timestamptz NOT NULL DEFAULT now(),
    updated_at     timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE organizations (
    id         uuid PRIMARY KEY,
    name       varchar(255) NOT NULL,
    slug       varchar(255) NOT NULL,
    type       varchar(50) NOT NULL,
    created_by uuid NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE organization_members (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    user_id         uuid NOT NULL,
    role            varchar(50) NOT NULL,
    is_active       boolean NOT NULL DEFAULT true,
    joined_at       timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE teams (
    id              uuid PRIMARY KEY,
    organization_id uuid NOT NULL,
    name            varchar(255) NOT NULL,
    description     text,
    created_at      timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE team_members (
    id        uuid PRIMARY KEY,
    team_id   uuid NOT NULL,
    user_id   uuid NOT NULL,
    role      varchar(50) NOT NULL,
    joined_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE projects (
    id               uuid PRIMARY KEY,
    name             varchar(255) NOT NULL,
    description      text,
    slug             varchar(255) NOT NULL,
    organization_id  uuid NOT NULL,
    team_id          uuid,
    manager_id       uuid NOT NULL,
    client_id        uuid,
    status           varchar(50) NOT NULL DEFAULT 'planning',
    priority         varchar(50) NOT NULL DEFAULT 'medium',
    project_type     varchar(50) NOT NULL,
    service_category varchar(50) NOT NULL,
    service_tier     varchar(50) NOT NULL,
    ensemble_type    varchar(50) NOT NULL,
    budget           numeric(10,2),
    estimated_hours  integer,
    actual_hours     integer NOT NULL DEFAULT 0,
    start_date       date,
    due_date         date,
    completion_date  date,
    metadata         jsonb NOT NULL DEFAULT '{}',
    settings         jsonb NOT NULL DEFAULT '{}',
    tags             text[] NOT NULL DEFAULT '{}',
    is_template      boolean NOT NULL DEFAULT false,
    template_id      uuid,
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE project_members (
    id          uuid PRIMARY KEY,
    project_id  uuid NOT NULL,
    user_id     uuid NOT NULL,
    role        varchar(50) NOT NULL,
    permissions jsonb NOT NULL DEFAULT '[]',
    hourly_rate numeric(8,2),
    joined_at   timestamptz NOT NULL DEFAULT now(),
    is_active   boolean NOT NULL DEFAULT true
);
CREATE TABLE tasks (
    id              uuid PRIMARY KEY,
    project_id      uuid NOT NULL,
    title           varchar(255) NOT NULL,
    status          task_status NOT NULL DEFAULT 'todo',
    priority        varchar(50) NOT NULL DEFAULT 'medium',
    assigned_to     uuid,
    created_by      uuid NOT NULL,
    estimated_hours numeric(6,2) NOT NULL,
    actual_hours    numeric(6,2) NOT NULL DEFAULT 0,
    start_date      date NOT NULL,
    due_date        date NOT NULL,
    completed_at    timestamptz,
    position        integer NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT now(),
    updated_at      timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE files (
    id          uuid PRIMARY KEY,
    project_id  uuid NOT NULL,
    task_id     uuid,
    uploaded_by uuid NOT NULL,
    name        varchar(255) NOT NULL,
    category    varchar(50) NOT NULL,
    mime_type   varchar(100) NOT NULL,
    size_bytes  bigint NOT NULL,
    version     integer NOT NULL DEFAULT 1,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE messages (
    id         uuid PRIMARY KEY,
    project_id uuid NOT NULL,
    task_id    uuid,
    author_id  uuid NOT NULL,
    reply_to   uuid,
    content    text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    edited_at  timestamptz
);
CREATE TABLE oauth_tokens (
    id                uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id           uuid NOT NULL,
    provider          varchar(50) NOT NULL,
    access_token      text NOT NULL,
    refresh_token     text,
    token_type        varchar(50) DEFAULT 'Bearer',
    expires_at        timestamptz,
    scope             text[],
    provider_user_id  varchar(255),
    provider_username varchar(255),
    provider_email    varchar(255),
    provider_metadata jsonb DEFAULT '{}',
    is_active         boolean DEFAULT true,
    last_used_at      timestamptz,
    created_at        timestamptz DEFAULT now(),
    updated_at        timestamptz DEFAULT now()
);
CREATE TABLE oauth_state_tokens (
    id                    uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id               uuid NOT NULL,
    provider              varchar(50) NOT NULL,
    state_token           varchar(255) NOT NULL,
    code_challenge        varchar(255) NOT NULL,
    code_challenge_method varchar(10) DEFAULT 'S256',
    code_verifier         varchar(255) NOT NULL,
    redirect_uri          text NOT NULL,
    scope                 text[],
    expires_at            timestamptz DEFAULT now() + interval '10 minutes',
    used                  boolean DEFAULT false,
    created_at            timestamptz DEFAULT now()
);
CREATE TABLE refresh_tokens (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id            uuid NOT NULL,
    token              text NOT NULL,
    device_name        varchar(255),
    device_fingerprint varchar(255),
    ip_address         inet,
    user_agent         text,
    expires_at         timestamptz NOT NULL,
    created_at         timestamptz DEFAULT now(),
    last_used_at       timestamptz,
    revoked_at         timestamptz
);
