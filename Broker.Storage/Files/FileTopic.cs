namespace Broker.Storage.Files;

/// <summary>
/// One generation of a topic on disk, shared by its log and its readers: its folder, segments, writer and sync, and the journals of its
/// channels. Lives from the first use of the topic until the topic is deleted or the store closed.
/// </summary>
/// <remarks>Opening, closing, saving the record, trimming and deleting do not happen at once: <see cref="Gate"/> orders them.</remarks>
internal sealed class FileTopic
{
    private readonly OffsetReservation _reservation;
    private volatile TopicRecord _record;

    private FileTopic(StoreServices services, TopicFolder folder, TopicRecord record, OffsetReservation reservation, List<Segment> segments)
    {
        Services = services;
        Folder = folder;
        _record = record;
        _reservation = reservation;
        WasClosedCleanly = reservation.CleanEnd is not null || reservation.Reserved == 0;
        Segments = new SegmentList(segments);
        Sync = new TopicSync(services, folder, Segments, reservation);
        Writer = new TopicWriter(services, folder, Segments, reservation, Sync);
        Journals = new ChannelJournals(this);
    }

    public StoreServices Services { get; }

    public TopicFolder Folder { get; }

    public SegmentList Segments { get; }

    public OffsetReservation Reservation => _reservation;

    /// <summary>Whether it was on the device as a whole when it was opened.</summary>
    public bool WasClosedCleanly { get; }

    /// <summary>Whether the topic was in use since the end of its log was last noted.</summary>
    public bool IsEndOpen => _reservation is { Reserved: > 0, CleanEnd: null } && !Folder.IsDeleted;

    public TopicSync Sync { get; }

    public TopicWriter Writer { get; }

    public ChannelJournals Journals { get; }

    /// <summary>Held while the topic is opened, closed, changed or deleted.</summary>
    public SemaphoreSlim Gate { get; } = new(1);

    public TopicRecord Record => _record;

    /// <summary>Told when the topic has been deleted; set before anybody has it.</summary>
    public Action<FileTopic>? Deleted { get; set; }

    /// <summary>Makes a topic's files; they are on the device when it returns.</summary>
    public static FileTopic Create(StoreServices services, string name)
    {
        TopicRecord record = new();
        TopicFolder folder = TopicFolder.Create(services, name, record);
        return new FileTopic(services, folder, record, new OffsetReservation(services.Files, DataPath.Offsets(folder.Directory)), []);
    }

    /// <summary>Reads what a topic's files say and repairs what an unclean end left; null when there is no such topic.</summary>
    public static FileTopic? Load(StoreServices services, string name)
    {
        if (TopicFolder.Find(services, name, out TopicRecord record) is not { } folder)
            return null;
        OffsetReservation reservation = new(services.Files, DataPath.Offsets(folder.Directory));
        try
        {
            reservation.Open();
            // An end is noted after all was synced.
            return new FileTopic(services, folder, record, reservation, folder.OpenSegments(areSynced: reservation.CleanEnd is not null));
        }
        catch
        {
            reservation.Dispose();
            throw;
        }
    }

    /// <summary>Opens the topic for writing under a new epoch.</summary>
    public async Task<FileTopicLog> TakeOverAsync()
    {
        await Gate.WaitAsync();
        try
        {
            FileTopicLog? log = null;
            await Services.Writer.RunAsync(() => log = Writer.TakeOver(this));
            return log!;
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>Ends an opening: nothing is appended until the next. That the log ends here is noted when the store closes.</summary>
    /// <param name="epoch">The opening to end, if it is still the last.</param>
    public async Task CloseAsync(long epoch)
    {
        await Gate.WaitAsync();
        try
        {
            await Services.Writer.RunAsync(() => Writer.End(epoch));
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>Replaces the record (<see cref="ITopicLog.SaveRecordAsync"/>).</summary>
    public Task SaveRecordAsync(long epoch, TopicRecord record) => ChangeAsync(epoch, async () =>
    {
        await Services.RunAsync($"cannot save the record of topic {Folder.Name}", () => Folder.SaveRecord(record));
        _record = record;
    });

    /// <summary>Removes segments that hold only offsets below one (<see cref="ITopicLog.TrimAsync"/>).</summary>
    public Task TrimAsync(long epoch, long below) => ChangeAsync(epoch, async () =>
    {
        if (Writer.IsWorthRolling(below))
            await Services.RunOnWriterAsync($"cannot write topic {Folder.Name}", () => Writer.RollWhenBelow(below));
        List<Segment> trimmed = Segments.Trim(below);
        if (trimmed.Count > 0)
            await Services.RunAsync($"cannot trim topic {Folder.Name}", () => trimmed.ForEach(Folder.Remove));
    });

    /// <summary>Removes the topic with all that belongs to it (<see cref="ITopicLog.DeleteAsync"/>).</summary>
    public async Task DeleteAsync(long epoch)
    {
        string problem = $"cannot delete topic {Folder.Name}";
        try
        {
            await ChangeAsync(epoch, async () =>
            {
                await Services.RunOnWriterAsync(problem, () =>
                {
                    Folder.Delete();
                    foreach (ChannelJournal journal in Journals.All())
                        journal.Fence();
                    Writer.Fence();
                });
                await Services.RunAsync(problem, () => Folder.Clear(DisposeFiles));
            });
        }
        finally
        {
            if (Folder.IsDeleted)
                Deleted?.Invoke(this);
        }
    }

    /// <summary>Releases the handles; the store does it when it closes.</summary>
    public void DisposeFiles()
    {
        Segments.All().ForEach(segment => segment.Dispose());
        _reservation.Dispose();
        foreach (ChannelJournal journal in Journals.All())
            journal.DisposeFile();
    }

    private async Task ChangeAsync(long epoch, Func<Task> change)
    {
        await Gate.WaitAsync();
        try
        {
            if (Writer.Verify(epoch) is { } fenced)
                throw fenced;
            await change();
        }
        finally
        {
            Gate.Release();
        }
    }
}
