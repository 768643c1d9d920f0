DROP FUNCTION fluxmcp.cleanup_old_webhooks(interval);
DROP FUNCTION fluxmcp.cleanup_expired_cache();
DROP FUNCTION fluxmcp.cleanup_expired_oauth_states();
DROP TABLE fluxmcp.integration_webhooks;
DROP TABLE fluxmcp.slack_channels_cache;
DROP TABLE fluxmcp.figma_files_cache;
