create schema pgtest;

-- What the public schema looks like.
create function pgtest.shape() returns text language sql as $$
    select md5(string_agg(line, chr(10) order by line)) from (
        select format('%s.%s %s %s %s %s', c.relname, a.attname, a.atttypid, a.attcollation, a.attnotnull, a.atthasdef) as line
          from pg_class c join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and a.attnum > 0 and not a.attisdropped
        union all
        select indexdef from pg_indexes where schemaname = 'public'
        union all
        select format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
        union all
        select format('%s %s', tgrelid::regclass, tgname) from pg_trigger where not tgisinternal
        union all
        select oid::regprocedure::text from pg_proc where pronamespace = 'public'::regnamespace
    ) lines
$$;

-- What a table holds; md5('') when it is empty.
create function pgtest.content(t regclass) returns text language plpgsql as $$
declare h text;
begin
    execute format('select md5(coalesce(string_agg(r::text, chr(10) order by r::text), '''')) from %s r', t) into h;
    return h;
end $$;

create table pgtest.was as
    select oid::regclass as t, pgtest.content(oid) as content from pg_class
     where relnamespace = 'public'::regnamespace and relkind in ('r', 'p');
create table pgtest.looked as select pgtest.shape() as shape;
