-- interviews
SELECT;
