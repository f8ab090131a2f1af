-- The words that candidates are found by. A row's policy comes before every operator that is not leakproof, and the one
-- of tsvector is not: the index of before was never used by the tenant's login. Comparisons of text are leakproof.
CREATE TABLE candidate_words (
	organization_id text COLLATE "C" NOT NULL,
	word text COLLATE "C" NOT NULL,
	candidate_id text COLLATE "C" NOT NULL,
	PRIMARY KEY (organization_id, word, candidate_id),
	FOREIGN KEY (organization_id, candidate_id) REFERENCES candidates (organization_id, id) ON DELETE CASCADE
);
--> statement-breakpoint
CREATE INDEX candidate_words_candidate ON candidate_words (organization_id, candidate_id);
--> statement-breakpoint
SELECT enable_tenancy('candidate_words');
--> statement-breakpoint

-- Letters that Unicode does not take apart, for words that are in small letters and without accents already. `fold` in
-- schemas/fold.ts has the same table: processes of the version before write words without it.
CREATE FUNCTION fold_letters(words text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
	SELECT replace(replace(replace(replace(translate(words,
		'øđðħıłŋŧƀɓƈȼɖɗƌɇəǝƒɠǥɨɉƙƚɫɲƞɵƥɍʂƭʈⱦʉʋƴɏƶȥςґ',
		'oddhilntbbccdddeeefggijkllnnoprstttuvyyzzσг'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th')
$$;
--> statement-breakpoint
CREATE FUNCTION note_candidate_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
	words text[] := array_remove(string_to_array(fold_letters(NEW.search_text), ' '), '');
BEGIN
	IF TG_OP = 'UPDATE' THEN
		DELETE FROM candidate_words
		WHERE organization_id = NEW.organization_id AND candidate_id = NEW.id AND word <> ALL (words);
	END IF;
	INSERT INTO candidate_words (organization_id, word, candidate_id)
	SELECT NEW.organization_id, word, NEW.id FROM unnest(words) AS word
	ON CONFLICT DO NOTHING;
	RETURN NULL;
END
$$;
--> statement-breakpoint
-- From here on candidates are written by nobody else until the migration has ended.
CREATE TRIGGER candidates_words AFTER INSERT OR UPDATE OF search_text ON candidates
FOR EACH ROW EXECUTE FUNCTION note_candidate_words();
--> statement-breakpoint
-- The owner of the tables may be subject to their policies, and then would see no row to copy.
ALTER TABLE candidates NO FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE candidate_words NO FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
INSERT INTO candidate_words (organization_id, word, candidate_id)
SELECT organization_id, word, id
FROM candidates, unnest(array_remove(string_to_array(fold_letters(search_text), ' '), '')) AS word
ON CONFLICT DO NOTHING;
--> statement-breakpoint
ALTER TABLE candidates FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE candidate_words FORCE ROW LEVEL SECURITY;
--> statement-breakpoint
-- The column `search` stays for processes of the version before, which still read it; nothing does now.
DROP INDEX candidates_search;
