-- What shipped when the state before the last change was made: taking a change back takes this back, too, so that what a
-- release improved in between does not count as somebody's change.
alter table taskgauge.content add column before_base jsonb;
