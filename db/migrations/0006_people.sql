-- people
SELECT;
