-- Whether time is reactive depends on the issue type of its ticket, too: its changes are noted by the days of the time.
do $do$
declare
    trigger_name text;
    definition text;
begin
    foreach trigger_name in array array['days_of_new_rows', 'days_of_changed_rows'] loop
        select pg_get_triggerdef(oid)
        into strict definition
        from pg_trigger
        where tgrelid = 'autotask.tickets'::regclass
            and tgname = trigger_name;
        execute format('drop trigger %I on autotask.tickets', trigger_name);
        execute replace(
            definition,
            'title ticket_number company_id queue_id priority ticket_type project_id deleted_at',
            'title ticket_number company_id queue_id priority ticket_type issue_type project_id deleted_at'
        );
    end loop;
end
$do$;
