-- version 2
-- The tables of a cluster, and the queries by which Orleans uses them. It knows the queries by their keys, gives named parameters, and reads
-- columns by their names; the tables are ours. Each query is one statement, so that it is done whole or not at all. Rows of silos change together
-- with the version of their cluster's table: whoever brings an old version changes nothing, and gets 0 instead of 1.

create table if not exists cluster_versions (
  cluster text primary key,
  version integer not null default 0,
  changed timestamptz not null default now()
);

create table if not exists cluster_silos (
  cluster text,
  address text,
  port integer,
  generation integer,
  name text not null,
  host text not null,
  status integer not null,
  gateway_port integer not null,
  suspects text,
  started timestamptz not null,
  alive timestamptz not null,
  primary key (cluster, address, port, generation)
);

create table if not exists OrleansQuery (
  QueryKey varchar(64) primary key,
  QueryText text not null
);

insert into OrleansQuery (QueryKey, QueryText) values

('InsertMembershipVersionKey', $query$
with made as (
  insert into cluster_versions (cluster) values (@DeploymentId) on conflict do nothing returning 1)
select count(*)::integer from made
$query$),

('InsertMembershipKey', $query$
with ticked as (
  update cluster_versions set version = version + 1, changed = now()
  where cluster = @DeploymentId and version = @Version
    and not exists (
      select from cluster_silos where cluster = @DeploymentId and address = @Address and port = @Port and generation = @Generation)
  returning cluster),
added as (
  insert into cluster_silos (cluster, address, port, generation, name, host, status, gateway_port, started, alive)
  select cluster, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime from ticked
  returning 1)
select count(*)::integer from added
$query$),

('UpdateMembershipKey', $query$
with ticked as (
  update cluster_versions set version = version + 1, changed = now()
  where cluster = @DeploymentId and version = @Version
    and exists (
      select from cluster_silos where cluster = @DeploymentId and address = @Address and port = @Port and generation = @Generation)
  returning cluster),
changed as (
  update cluster_silos set status = @Status, suspects = @SuspectTimes::text, alive = @IAmAliveTime
  from ticked
  where cluster_silos.cluster = ticked.cluster and address = @Address and port = @Port and generation = @Generation
  returning 1)
select count(*)::integer from changed
$query$),

('UpdateIAmAlivetimeKey', $query$
update cluster_silos set alive = @IAmAliveTime
where cluster = @DeploymentId and address = @Address and port = @Port and generation = @Generation
$query$),

('MembershipReadRowKey', $query$
select v.cluster as DeploymentId, s.address as Address, s.port as Port, s.generation as Generation, s.name as SiloName, s.host as HostName,
  s.status as Status, s.gateway_port as ProxyPort, s.suspects as SuspectTimes, s.started as StartTime, s.alive as IAmAliveTime, v.version as Version
from cluster_versions v
left join cluster_silos s on s.cluster = v.cluster and s.address = @Address and s.port = @Port and s.generation = @Generation
where v.cluster = @DeploymentId
$query$),

('MembershipReadAllKey', $query$
select v.cluster as DeploymentId, s.address as Address, s.port as Port, s.generation as Generation, s.name as SiloName, s.host as HostName,
  s.status as Status, s.gateway_port as ProxyPort, s.suspects as SuspectTimes, s.started as StartTime, s.alive as IAmAliveTime, v.version as Version
from cluster_versions v
left join cluster_silos s on s.cluster = v.cluster
where v.cluster = @DeploymentId
$query$),

('GatewaysQueryKey', $query$
select address as Address, gateway_port as ProxyPort, generation as Generation
from cluster_silos
where cluster = @DeploymentId and status = @Status and gateway_port > 0
$query$),

-- A silo whose status is 3 is active.
('CleanupDefunctSiloEntriesKey', $query$
delete from cluster_silos where cluster = @DeploymentId and alive < @IAmAliveTime and status <> 3
$query$),

('DeleteMembershipTableEntriesKey', $query$
with silos as (delete from cluster_silos where cluster = @DeploymentId)
delete from cluster_versions where cluster = @DeploymentId
$query$),

('BrokerClusterTables', '2')

on conflict (QueryKey) do update set QueryText = excluded.QueryText;

-- Version 1 had a table for the state of grains, which no grain ever kept there.
drop table if exists grain_states;
delete from OrleansQuery where QueryKey in ('WriteToStorageKey', 'ReadFromStorageKey', 'ClearStorageKey', 'DeleteStorageKey');
