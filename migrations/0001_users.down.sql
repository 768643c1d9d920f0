DROP TABLE fluxmcp.users;
