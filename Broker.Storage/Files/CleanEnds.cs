namespace Broker.Storage.Files;

/// <summary>
/// Notes of topics that their logs end here and are on the device, so that the next start need not look. The last that a store does: nothing is
/// written any more.
/// </summary>
internal sealed class CleanEnds(StoreServices services)
{
    // Bytes of a segment that is walked as fast as its index is read.
    private const long WorthAnIndex = 16 << 10;

    /// <summary>Notes the ends of all topics that were in use. Of one that cannot be noted the log says why; its next start looks.</summary>
    public void Note(IEnumerable<FileTopic> topics)
    {
        List<FileTopic> used = [.. topics.Where(static topic => topic.IsEndOpen)];
        if (services.Whole.IsFor(used.Count) && TryNoteTogether(used))
            return;
        foreach (FileTopic topic in used)
            Try(topic, () => End(topic, Prepare(topic, isAmongMany: false), isAmongMany: false));
    }

    private bool TryNoteTogether(List<FileTopic> topics)
    {
        List<(FileTopic Topic, Segment? Indexed)> prepared = [];
        foreach (FileTopic topic in topics)
            Try(topic, () => prepared.Add((topic, Prepare(topic, isAmongMany: true))));
        // No index and no end before what it speaks of is on the device.
        if (!TrySync())
            return false;
        foreach ((FileTopic topic, Segment? indexed) in prepared)
            Try(topic, () => End(topic, indexed, isAmongMany: true));
        return TrySync();
    }

    private static Segment? Prepare(FileTopic topic, bool isAmongMany)
    {
        topic.Sync.SyncDirty();
        if (topic.Segments.Last() is not { } last || (isAmongMany && last.Segment.Index.Length < WorthAnIndex))
            return null;
        topic.Folder.PrepareIndex(last.Segment, last.Index, sync: !isAmongMany);
        return last.Segment;
    }

    private static void End(FileTopic topic, Segment? indexed, bool isAmongMany)
    {
        if (indexed is not null)
            topic.Folder.PlaceIndex(indexed, sync: !isAmongMany);
        topic.Reservation.Close(topic.Writer.Assigned, sync: !isAmongMany);
    }

    private void Try(FileTopic topic, Action step)
    {
        try
        {
            step();
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            services.Fail($"cannot close topic {topic.Folder.Name}", e);
        }
    }

    private bool TrySync()
    {
        try
        {
            services.Whole.Run();
            return true;
        }
        catch (Exception e) when (Fault.IsOfFiles(e))
        {
            services.Fail($"cannot sync data path {services.Path.Root}", e);
            return false;
        }
    }
}
