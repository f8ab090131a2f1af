-- Run once by PostgreSQL's image, when its volume is new: a login for each environment, which owns its own schema
-- and sees nothing of the other's. It may create roles and let them connect, since a migration creates the two logins that
-- its environment's servers work with.
\set sandbox_password `cat /secrets/sandbox-password`
\set production_password `cat /secrets/production-password`

REVOKE ALL ON DATABASE anteroom FROM PUBLIC;
REVOKE ALL ON SCHEMA public FROM PUBLIC;

CREATE ROLE anteroom_sandbox LOGIN CREATEROLE PASSWORD :'sandbox_password';
CREATE ROLE anteroom_production LOGIN CREATEROLE PASSWORD :'production_password';
GRANT CREATE ON DATABASE anteroom TO anteroom_sandbox, anteroom_production;
GRANT CONNECT ON DATABASE anteroom TO anteroom_sandbox, anteroom_production WITH GRANT OPTION;
