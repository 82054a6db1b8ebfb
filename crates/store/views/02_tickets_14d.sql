-- All open tickets, and closed ones with activity in the last 14 days.
create view dataset.tickets_14d as
select t.*
from dataset.tickets_all t
where t.is_open
    or t.last_activity_date >= taskgauge.instant() - interval '336 hours';
