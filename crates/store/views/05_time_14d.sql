-- Time entries that were entered or changed in the last 14 days.
create view dataset.time_14d as
select t.*
from dataset.time_all t
where t.last_modified_date_time >= taskgauge.instant() - interval '336 hours';
