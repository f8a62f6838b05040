namespace Broker.Storage.Files;

/// <summary>The journals of a topic's channels, made when a channel is first asked for.</summary>
/// <remarks>May be used from any thread; the lock guards which there are, and nothing is called under it.</remarks>
internal sealed class ChannelJournals(FileTopic topic)
{
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, ChannelJournal> _journals = new(StringComparer.Ordinal);

    /// <summary>All journals, as of now.</summary>
    public IReadOnlyList<ChannelJournal> All()
    {
        lock (_lock)
            return [.. _journals.Values];
    }

    /// <summary>Opens a channel's progress.</summary>
    /// <exception cref="StoreException">It cannot be read, or a newer incarnation is there.</exception>
    public async ValueTask<FileChannelProgress> OpenAsync(string channel, long incarnation)
    {
        while (true)
        {
            if (await Of(channel).OpenAsync(incarnation) is { } progress)
                return progress;
        }
    }

    /// <summary>Removes what is kept of an incarnation of a channel or of an older one, and what is known of it.</summary>
    /// <exception cref="StoreException">It cannot be removed.</exception>
    public async ValueTask DeleteAsync(string channel, long incarnation)
    {
        ChannelJournal journal = Of(channel);
        if (!await journal.DeleteAsync(incarnation))
            return;
        lock (_lock)
        {
            if (_journals.GetValueOrDefault(channel) == journal)
                _journals.Remove(channel);
        }
    }

    private ChannelJournal Of(string channel)
    {
        lock (_lock)
        {
            if (topic.Folder.IsDeleted)
                throw topic.Folder.Gone();
            if (!_journals.TryGetValue(channel, out ChannelJournal? journal) || journal.IsRetired)
            {
                journal = new ChannelJournal(topic, channel);
                _journals[channel] = journal;
            }
            return journal;
        }
    }
}
