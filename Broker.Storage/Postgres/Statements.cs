namespace Broker.Storage.Postgres;

/// <summary>The statements of a schema.</summary>
/// <remarks>
/// Whatever writes for an opening begins with an update that is true of that opening alone (<c>where epoch = …</c>): the row's lock orders it
/// against takeovers, and what follows in the same statement depends on it.
/// </remarks>
/// <param name="schema">Name of the schema.</param>
internal sealed class Statements(string schema)
{
    /// <summary>Deleted at once where nothing bounds the number, so that no statement takes long.</summary>
    public const int Chunk = 1000;

    /// <summary>
    /// Offsets reserved ahead of a topic's end. A server that loses its last commits, as a standby that is not synchronous does, has lost less
    /// than half of them as long as it lags by less than that, so whoever takes over goes on behind the reservation.
    /// </summary>
    public const long Reserve = 1 << 20;

    private readonly string _s = $"\"{schema}\"";

    public string ReadVersion => $"select version from {_s}.store";

    public string Probe => $"update {_s}.store set version = version";

    public string ReadNode => $"select node_number from {_s}.store";

    /// <summary>$1 number.</summary>
    public string KeepNode => $"update {_s}.store set node_number = coalesce(node_number, $1) returning node_number";

    /// <summary>$1 cluster.</summary>
    public string KeepCluster => $"update {_s}.store set cluster = coalesce(cluster, $1) returning cluster";

    /// <summary>$1 cluster.</summary>
    public string ChangeCluster => $"update {_s}.store set cluster = $1";

    public string ListTopics => $"select name from {_s}.topics order by name";

    /// <summary>$1 name.</summary>
    public string ReadRecord => $"select record_version, record from {_s}.topics where name = $1";

    /// <summary>$1 name, $2 version, $3 record.</summary>
    public string MakeTopic =>
        $"insert into {_s}.topics (name, record_version, record) values ($1, $2, $3) on conflict (name) do nothing";

    /// <summary>$1 name. An update, so that its commit waits for whatever must be sure before.</summary>
    public string TakeOverTopic =>
        $"""
        update {_s}.topics set epoch = epoch + 1, reserved_offset = greatest(reserved_offset, end_offset) + {Reserve} where name = $1
        returning generation, epoch, start_offset, end_offset, record_version, record, reserved_offset - {Reserve}
        """;

    /// <summary>$1 generation, $2 epoch, $3 end, $4 epoch from now on.</summary>
    public string RaiseTopic =>
        $"""
        update {_s}.topics set epoch = $4, end_offset = $3, reserved_offset = greatest(reserved_offset, $3 + {Reserve})
        where generation = $1 and epoch = $2
        """;

    /// <summary>$1 generation, $2 epoch, $3 next offset. What is reserved beyond is not needed: nothing is under way any more.</summary>
    public string CloseTopic => $"update {_s}.topics set reserved_offset = $3 where generation = $1 and epoch = $2";

    /// <summary>$1 generations.</summary>
    public string FindTopics => $"select generation from {_s}.topics where generation = any($1)";

    /// <summary>$1 name, $2 generation.</summary>
    public string FindTopic =>
        $"select start_offset, end_offset, record_version, record from {_s}.topics where name = $1 and generation = $2";

    /// <summary>$1 generation.</summary>
    public string DescribeTopic => $"select start_offset, end_offset, record_version, record from {_s}.topics where generation = $1";

    /// <summary>$1 generation.</summary>
    public string EpochOfTopic => $"select epoch from {_s}.topics where generation = $1";

    /// <summary>$1 generation, $2 name, $3 incarnation.</summary>
    public string EpochOfChannel => $"select epoch from {_s}.channels where generation = $1 and name = $2 and incarnation = $3";

    /// <summary>$1 generation, $2 epoch, $3 version, $4 record.</summary>
    public string SaveRecord =>
        $"update {_s}.topics set record_version = $3, record = $4 where generation = $1 and epoch = $2";

    /// <summary>$1 generations. Writes nothing new, but its commit waits for whatever must be sure before.</summary>
    public string ConfirmTopics =>
        $"update {_s}.topics set epoch = epoch where generation = any($1) returning generation, epoch, end_offset";

    /// <summary>$1 generation, $2 epoch.</summary>
    public string DeleteTopic =>
        $"""
        with gone as (delete from {_s}.topics where generation = $1 and epoch = $2 returning generation),
        channels as (delete from {_s}.channels c using gone where c.generation = gone.generation),
        noted as (insert into {_s}.deleted_topics select generation from gone)
        select count(*) from gone
        """;

    /// <summary>
    /// $1 generation, $2 epoch, $3 end before, $4 end after; of publishers $5 numbers, $6 highest sequences, $7 sequences seen; of batches
    /// $8 base offsets, $9 counts, $10 messages, $11 deferred messages and $12 bytes before, $13 checksums, $14 due times, $15 records; of publishers
    /// $16 lowest sequences that are remembered.
    /// </summary>
    public string Append =>
        $"""
        with fence as (
          update {_s}.topics set end_offset = $4,
            reserved_offset = case when reserved_offset - $4 < {Reserve / 2} then $4 + {Reserve} else reserved_offset end
          where generation = $1 and epoch = $2 and end_offset = $3 returning generation),
        published as (
          insert into {_s}.publishers as p (generation, publisher, highest, seen, lowest, at)
          select f.generation, u.publisher, u.highest, u.seen, u.lowest, now()
          from fence f cross join unnest($5, $6, $7, $16) as u (publisher, highest, seen, lowest)
          on conflict (generation, publisher) do update set
            highest = excluded.highest, seen = excluded.seen, lowest = excluded.lowest, at = excluded.at)
        insert into {_s}.batches
          (generation, base_offset, count, epoch, messages_before, deferred_before, bytes_before, crc, due_times, records)
        select f.generation, b.base_offset, b.count, $2, b.messages, b.deferred, b.bytes, b.crc, b.due_times, b.records
        from fence f cross join unnest($8, $9, $10, $11, $12, $13, $14, $15)
          as b (base_offset, count, messages, deferred, bytes, crc, due_times, records)
        """;

    /// <summary>$1 generation.</summary>
    public string ReadPublishers => $"select publisher, highest, seen, lowest from {_s}.publishers where generation = $1";

    /// <summary>$1 generation. A gateway asks for seconds only; one that was not heard from for an hour asks for nothing again.</summary>
    public string ForgetPublishers => $"delete from {_s}.publishers where generation = $1 and at < now() - interval '1 hour'";

    /// <summary>$1 generation, $2 an offset below which there is nothing.</summary>
    public string FirstBatch =>
        $"""
        select {Totals} from {_s}.batches
        where generation = $1 and base_offset >= $2 order by base_offset limit 1
        """;

    /// <summary>$1 generation.</summary>
    public string LastBatch => $"select {Totals} from {_s}.batches where generation = $1 order by base_offset desc limit 1";

    /// <summary>
    /// $1 generation, $2 offsets, $3 an offset below which there is nothing: for each offset the last batch that begins below it, else the first
    /// of all.
    /// </summary>
    public string BatchesBelow =>
        $"""
        select o.number, {TotalNames} from unnest($2) with ordinality as o (place, number)
        cross join lateral (
          (select 1 as choice, {Totals} from {_s}.batches where generation = $1 and base_offset < o.place order by base_offset desc limit 1)
          union all
          (select 2, {Totals} from {_s}.batches where generation = $1 and base_offset >= $3 order by base_offset limit 1)
          order by choice limit 1) b
        """;

    /// <summary>$1 generation, $2 from, $3 to, $4 greatest number of bytes, $5 greatest number of batches.</summary>
    public string ReadBatches =>
        $"""
        select base_offset, count, crc, due_times, records from (
          select *, first_value(size_before) over (order by base_offset rows unbounded preceding) as origin from (
            select base_offset, count, crc, due_times, records, {SizeBefore} as size_before from {_s}.batches
            where generation = $1 and base_offset < $3 and base_offset + count > $2 and base_offset >= coalesce(
              (select base_offset from {_s}.batches where generation = $1 and base_offset <= $2 order by base_offset desc limit 1), $2)
            order by base_offset limit $5) b) r
        where size_before = origin or size_before + octet_length(records) - origin <= $4
        order by base_offset
        """;

    /// <summary>$1 generation, $2 from, $3 to.</summary>
    public string ReadDeferred =>
        $"""
        select base_offset, due_times from {_s}.batches
        where generation = $1 and due_times is not null and base_offset < $3 and base_offset + count > $2 and base_offset >= coalesce(
          (select base_offset from {_s}.batches where generation = $1 and base_offset <= $2 order by base_offset desc limit 1), 0)
        order by base_offset
        """;

    /// <summary>$1 generation, $2 epoch, $3 below, $4 an offset below which there is nothing.</summary>
    public string TrimBatches =>
        $"""
        with fence as (select generation from {_s}.topics where generation = $1 and epoch = $2),
        gone as (
          delete from {_s}.batches where generation = $1 and base_offset = any (array(
            select b.base_offset from {_s}.batches b
            where b.generation = $1 and b.base_offset + b.count <= $3 and b.base_offset < $3
              and b.base_offset >= greatest($4, (select start_offset from {_s}.topics where generation = $1))
            order by b.base_offset limit {Chunk}))
            and exists (select from fence)
          returning base_offset + count as next)
        select (select count(*) from fence), (select count(*) from gone), coalesce((select max(next) from gone), $4)
        """;

    /// <summary>$1 generation, $2 epoch, $3 start.</summary>
    public string NoteStart =>
        $"update {_s}.topics set start_offset = $3 where generation = $1 and epoch = $2 and start_offset < $3";

    /// <summary>$1 generation. Holds the topic while a channel is opened.</summary>
    public string HoldTopic => $"select greatest(end_offset, reserved_offset) from {_s}.topics where generation = $1 for key share";

    /// <summary>$1 generation, $2 name.</summary>
    public string HoldChannel =>
        $"select incarnation from {_s}.channels where generation = $1 and name = $2 for update";

    /// <summary>$1 generation, $2 name, $3 incarnation. Makes the channel, or takes over what is there.</summary>
    public string TakeOverChannel =>
        $"""
        insert into {_s}.channels as c (generation, name, incarnation, epoch) values ($1, $2, $3, 1)
        on conflict (generation, name) do update set
          epoch = c.epoch + 1, incarnation = excluded.incarnation,
          floor = case when c.incarnation = excluded.incarnation then c.floor else 0 end,
          snapshot = case when c.incarnation = excluded.incarnation then c.snapshot end,
          snapshot_crc = case when c.incarnation = excluded.incarnation then c.snapshot_crc end
        returning epoch, sequence, snapshot_sequence, snapshot_crc, snapshot
        """;

    /// <summary>$1 generation, $2 name.</summary>
    public string ClearJournal => $"delete from {_s}.channel_journal where generation = $1 and channel = $2";

    /// <summary>$1 generation, $2 name.</summary>
    public string ClearKept => $"delete from {_s}.channel_kept where generation = $1 and channel = $2";

    /// <summary>$1 generation, $2 name.</summary>
    public string ReadJournal =>
        $"select sequence, crc, entries from {_s}.channel_journal where generation = $1 and channel = $2 order by sequence";

    /// <summary>$1 generation, $2 name.</summary>
    public string ReadSnapshot =>
        $"select snapshot_sequence, snapshot_crc, snapshot from {_s}.channels where generation = $1 and name = $2";

    /// <summary>
    /// $1 generation, $2 name, $3 incarnation, $4 epoch, $5 floor, $6 last sequence; of the journal $7 sequences, $8 checksums, $9 entries; of kept
    /// messages $10 offsets, $11 checksums, $12 records.
    /// </summary>
    public string NoteProgress =>
        $"""
        with fence as (
          update {_s}.channels set floor = greatest(floor, $5), sequence = greatest(sequence, $6)
          where generation = $1 and name = $2 and incarnation = $3 and epoch = $4 returning generation),
        journal as (
          insert into {_s}.channel_journal (generation, channel, sequence, crc, entries)
          select f.generation, $2, j.sequence, j.crc, j.entries
          from fence f cross join unnest($7, $8, $9) as j (sequence, crc, entries)
          on conflict do nothing),
        kept as (
          insert into {_s}.channel_kept (generation, channel, "offset", crc, record)
          select f.generation, $2, k.place, k.crc, k.record
          from fence f cross join unnest($10, $11, $12) as k (place, crc, record)
          on conflict (generation, channel, "offset") do update set crc = excluded.crc, record = excluded.record)
        select count(*) from fence
        """;

    /// <summary>$1 generation, $2 name, $3 incarnation, $4 epoch, $5 starts and $6 ends of ranges.</summary>
    public string ForgetKept =>
        $"""
        delete from {_s}.channel_kept k using unnest($5, $6) as r (low, high)
        where k.generation = $1 and k.channel = $2 and k."offset" >= r.low and k."offset" < r.high and exists (
          select from {_s}.channels where generation = $1 and name = $2 and incarnation = $3 and epoch = $4)
        """;

    /// <summary>$1 generation, $2 name, $3 incarnation, $4 epoch; of dead letters $5 numbers, $6 checksums, $7 letters.</summary>
    public string WriteDead =>
        $"""
        insert into {_s}.channel_dead (generation, channel, number, crc, letter)
        select $1, $2, d.number, d.crc, d.letter from unnest($5, $6, $7) as d (number, crc, letter)
        where exists (select from {_s}.channels where generation = $1 and name = $2 and incarnation = $3 and epoch = $4)
        on conflict (generation, channel, number) do update set crc = excluded.crc, letter = excluded.letter
        """;

    /// <summary>$1 generation, $2 name, $3 from, $4 to, $5 greatest number of bytes.</summary>
    public string ReadDead =>
        $"""
        select number, crc, letter from (
          select number, crc, letter, sum(octet_length(letter)) over (order by number rows unbounded preceding) - octet_length(letter) as bytes_before from (
            select number, crc, letter from {_s}.channel_dead
            where generation = $1 and channel = $2 and number >= $3 and number < $4 order by number limit {Chunk}) d) r
        where bytes_before = 0 or bytes_before + octet_length(letter) <= $5
        order by number
        """;

    /// <summary>$1 generation, $2 name, $3 incarnation, $4 epoch, $5 from, $6 to. Removes a part of the dead letters between two numbers.</summary>
    public string FreeDead =>
        $"""
        delete from {_s}.channel_dead where generation = $1 and channel = $2 and number = any (array(
          select number from {_s}.channel_dead where generation = $1 and channel = $2 and number >= $5 and number < $6 order by number limit {Chunk}))
          and exists (select from {_s}.channels where generation = $1 and name = $2 and incarnation = $3 and epoch = $4)
        """;

    /// <summary>$1 generation, $2 name.</summary>
    public string ClearDead => $"delete from {_s}.channel_dead where generation = $1 and channel = $2";

    /// <summary>$1 generation, $2 name, $3 offset.</summary>
    public string ReadKept =>
        $"select crc, record from {_s}.channel_kept where generation = $1 and channel = $2 and \"offset\" = $3";

    /// <summary>$1 generation, $2 name, $3 incarnation, $4 epoch, $5 sequence that the snapshot includes, $6 checksum, $7 snapshot.</summary>
    public string Compact =>
        $"""
        with fence as (
          update {_s}.channels set snapshot_sequence = $5, snapshot_crc = $6, snapshot = $7
          where generation = $1 and name = $2 and incarnation = $3 and epoch = $4 returning generation)
        delete from {_s}.channel_journal where generation = $1 and channel = $2 and sequence <= $5 and exists (select from fence)
        """;

    /// <summary>$1 generation, $2 name, $3 incarnation.</summary>
    public string DeleteChannel =>
        $"""
        with gone as (
          delete from {_s}.channels where generation = $1 and name = $2 and incarnation <= $3 returning generation),
        journal as (
          delete from {_s}.channel_journal where generation = $1 and channel = $2 and exists (select from gone)),
        dead as (
          delete from {_s}.channel_dead where generation = $1 and channel = $2 and exists (select from gone))
        delete from {_s}.channel_kept where generation = $1 and channel = $2 and exists (select from gone)
        """;

    public string ListDeleted => $"select generation from {_s}.deleted_topics order by generation";

    /// <summary>$1 generation. Each removes a part of what a deleted topic has left.</summary>
    public IReadOnlyList<string> Sweep =>
    [
        SweepOf("batches"), SweepOf("publishers"), SweepOf("channel_journal"), SweepOf("channel_kept"), SweepOf("channel_dead"),
        SweepOf("channels"),
    ];

    /// <summary>$1 generation.</summary>
    public string ForgetDeleted => $"delete from {_s}.deleted_topics where generation = $1";

    private static string TotalNames => "base_offset, count, is_deferred, messages_before, deferred_before, bytes_before, record_bytes";

    private static string Totals =>
        """
        base_offset, count, due_times is not null as is_deferred, messages_before, deferred_before, bytes_before,
        octet_length(records) as record_bytes
        """;

    // Twelve bytes stand before each body.
    private static string SizeBefore => "bytes_before + 12 * (messages_before + deferred_before)";

    private string SweepOf(string table) =>
        $"delete from {_s}.{table} where ctid = any (array(select ctid from {_s}.{table} where generation = $1 limit {Chunk}))";
}
