-- Tickets with activity in the last 210 days.
create view dataset.tickets_210d as
select t.*
from dataset.tickets_all t
where t.last_activity_date >= taskgauge.instant() - interval '5040 hours';
