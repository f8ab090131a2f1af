-- embed
SELECT;
