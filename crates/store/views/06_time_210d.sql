-- Time entries that were entered or changed in the last 210 days.
create view dataset.time_210d as
select t.*
from dataset.time_all t
where t.last_modified_date_time >= taskgauge.instant() - interval '5040 hours';
