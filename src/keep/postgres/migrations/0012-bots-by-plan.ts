/**
 * A function in SQL that looks into a table is parsed and planned anew wherever it is called; one in PL/pgSQL once a
 * connection. It is asked of every person that a first bake meets.
 */
export const sql = `
CREATE OR REPLACE FUNCTION is_bot(name text, email text) RETURNS integer LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (EXISTS (SELECT FROM bot_patterns
    WHERE is_bot.name COLLATE "C" ILIKE pattern ESCAPE '' OR is_bot.email COLLATE "C" ILIKE pattern ESCAPE ''))::integer;
END $$;
`;
