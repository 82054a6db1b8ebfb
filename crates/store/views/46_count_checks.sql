-- Autotask's own counts beside ours, as the nightly comparison found them.
create view dataset.count_checks as
select
    c.datasource_id,
    c.entity,
    c.part,
    c.at as counted_at,
    c.there as rows_there,
    c.here as rows_here,
    c.here - c.there as difference,
    c.repaired,
    c.apart,
    (c.at = max(c.at) over (partition by c.datasource_id, c.entity, c.part)) as is_latest
from taskgauge.comparisons c;
