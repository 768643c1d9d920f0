DROP TABLE fluxmcp.oauth_state_tokens;
DROP TABLE fluxmcp.connect_tickets;
