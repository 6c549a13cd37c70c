/**
 * What each person of a first bake costs the server. A function in SQL whose body is less constant than itself is called
 * by an executor of its own, so that `text_key`, which each entry of its indexes needs, took longer than the entry; in
 * PL/pgSQL it is an expression. Names are folded once, not once a pattern, and a person is looked for no more often than
 * need be. Counting the commits of people touches none of their indexes where their page has room for the new row.
 */
export const sql = `
CREATE OR REPLACE FUNCTION text_key(one text, two text DEFAULT '') RETURNS bytea
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
  RETURN sha256(convert_to(length(one) || ':' || one || two, 'UTF8'));
END $$;

-- Patterns are in small letters.
CREATE OR REPLACE FUNCTION is_bot(name text, email text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
DECLARE
  folded_name  text COLLATE "C" := lower(name COLLATE "C");
  folded_email text COLLATE "C" := lower(email COLLATE "C");
BEGIN
  RETURN (EXISTS (SELECT FROM bot_patterns
    WHERE folded_name LIKE pattern ESCAPE '' OR folded_email LIKE pattern ESCAPE ''))::integer;
END $$;

CREATE OR REPLACE FUNCTION set_person() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  key bytea;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF old.mapped_name = new.mapped_name AND old.mapped_email = new.mapped_email THEN RETURN new; END IF;
  END IF;
  key := text_key(new.mapped_name, new.mapped_email);
  SELECT person_id INTO new.person_id FROM person_emails WHERE lower(email) = lower(new.mapped_email);
  IF FOUND THEN
    INSERT INTO people (name, email, bot)
      SELECT new.mapped_name, new.mapped_email, is_bot(new.mapped_name, new.mapped_email)
       WHERE NOT EXISTS (SELECT FROM people WHERE text_key(name, email) = key)
      ON CONFLICT DO NOTHING;
    RETURN new;
  END IF;
  SELECT id INTO new.person_id FROM people WHERE text_key(name, email) = key;
  IF FOUND THEN RETURN new; END IF;
  INSERT INTO people (name, email, bot) VALUES
    (new.mapped_name, new.mapped_email, is_bot(new.mapped_name, new.mapped_email))
    ON CONFLICT DO NOTHING RETURNING id INTO new.person_id;
  -- Somebody else's row, made just now.
  IF NOT FOUND THEN SELECT id INTO new.person_id FROM people WHERE text_key(name, email) = key; END IF;
  RETURN new;
END $$;

ALTER TABLE identities SET (fillfactor = 50);
`;
