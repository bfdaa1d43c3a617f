set session_replication_role = replica;

do $$
declare r record;
begin
    -- Sessions that said goodbye take a moment to leave.
    for i in 1..50 loop
        perform pg_stat_clear_snapshot();
        exit when not exists (select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid());
        perform pg_sleep(0.002);
    end loop;
    for r in select oid::regclass as t from pg_class
              where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and oid not in (select t from pgtest.was) loop
        execute format('drop table if exists %s cascade', r.t);
    end loop;
    for r in select t from pgtest.was where content = md5('') loop
        execute format('delete from %s', r.t);
    end loop;
    for r in select format('%I.%I', schemaname, sequencename) as s from pg_sequences where last_value is not null loop
        execute format('alter sequence %s restart', r.s);
    end loop;
end $$;

select pgtest.shape() = (select shape from pgtest.looked)
   and not exists (select from pgtest.was where pgtest.content(t) is distinct from content)
   and not exists (select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid());
