use secrecy::ExposeSecret;
use taskgauge_model::{catalogue::Catalogue, gauge::Filters};
use taskgauge_store::{Scope, testing::database};
#[tokio::test]
async fn speed() {
    let db = database().await;
    let ds = db.datasource("X").await;
    let pool = sqlx::PgPool::connect(db.url.expose_secret()).await.unwrap();
    let at: chrono::DateTime<chrono::Utc> = "2026-03-18T10:00:00Z".parse().unwrap();
    let id = ds.0;
    for sql in [
        "insert into autotask.picklist_values (datasource_id, entity, field, value, label, sort_order) select 1, 'Tickets', f, v, f||v, v from unnest(array['status','priority','queueID','issueType','subIssueType','ticketType','source']) f, generate_series(1,12) v",
        "insert into autotask.picklist_values (datasource_id, entity, field, value, label, sort_order) values (1,'Tickets','status',77,'Waiting customer',3),(1,'Tickets','ticketType',22,'Incident',1),(1,'ConfigurationItems','configurationItemType',1,'Workstation',1)",
        "insert into autotask.companies (datasource_id,id,company_name,is_active,changed_at) select 1, g, 'Company '||g, true, now() from generate_series(0,400) g",
        "insert into autotask.resources (datasource_id,id,first_name,last_name,is_active,changed_at) select 1, g, 'R'||g, 'Doe', true, now() from generate_series(1,60) g",
        "insert into autotask.tickets (datasource_id,id,company_id,status,priority,queue_id,assigned_resource_id,ticket_type,issue_type,sub_issue_type,create_date,completed_date,last_activity_date,first_response_date_time,first_response_due_date_time,resolved_due_date_time,service_level_agreement_has_been_met,ticket_number,title,description,changed_at)
         select 1,g,g%400,case when g%100=0 then 8 else 5 end,1+g%4,1+g%10,case when g%7=0 then null else 1+g%60 end,case when g%2=0 then 22 else 1 end,1+g%12,1+g%11,c,case when g%100=0 then null else c+interval '20 hours' end,c+interval '30 hours',c+interval '1 hour',c+interval '2 hours',c+interval '19 hours',g%9<>0,'T'||g,'Ticket '||g,repeat('x',400),now()
         from (select g, timestamptz '2026-03-18T10:00:00Z' - g*interval '6 minutes' as c from generate_series(1,250000) g) q",
        "insert into autotask.time_entries (datasource_id,id,ticket_id,resource_id,date_worked,hours_worked,is_non_billable,last_modified_date_time,create_date_time,changed_at)
         select 1,g,1+g/4,1+g%60,(timestamptz '2026-03-18T10:00:00Z' - (g/4)*interval '6 minutes')::date,0.25,g%5=0,timestamptz '2026-03-18T10:00:00Z' - (g/4)*interval '6 minutes',timestamptz '2026-03-18T10:00:00Z' - (g/4)*interval '6 minutes',now() from generate_series(1,999000) g",
        "insert into autotask.configuration_items (datasource_id,id,company_id,configuration_item_type,is_active,changed_at) select 1,g,g%400,1,true,now() from generate_series(1,20000) g",
        "analyze",
    ] {
        sqlx::query(sql).execute(&pool).await.unwrap();
    }
    assert_eq!(id, 1);
    let catalogue = Catalogue::shipped();
    for round in 0..2 {
        for gauge in &catalogue.gauges {
            let t = std::time::Instant::now();
            let a = db.store.answer(ds, gauge, &Filters::default(), &Scope::All, at).await;
            let ms = t.elapsed().as_millis();
            if round == 1 { eprintln!("{ms:6} ms {:28} {:?}", gauge.id, a.map(|a| (a.value, a.groups.len(), a.status)).map_err(|e| e.to_string())); }
        }
    }
    let board = catalogue.dashboard("service-ticket-kpis").unwrap();
    let gauges: Vec<_> = board.tiles.iter().map(|t| catalogue.gauge(&t.gauge).unwrap()).collect();
    for _ in 0..2 {
        let t = std::time::Instant::now();
        let a = db.store.answers(ds, &gauges, &Filters::default(), &Scope::All, at).await;
        eprintln!("board {} ms, {} ok", t.elapsed().as_millis(), a.iter().filter(|a| a.is_ok()).count());
    }
    for f in ["queue", "client", "member"] {
        let t = std::time::Instant::now();
        let n = db.store.filter_choices(ds, f, &Scope::Companies(vec![5])).await.unwrap().len();
        eprintln!("choices {f} {n}: {} ms", t.elapsed().as_millis());
    }
    eprintln!("url {}", db.url.expose_secret());
}
