using Broker.Storage;
using Broker.Topics;
using Orleans.Runtime;

namespace Broker.Grains.Topics;

/// <summary>What the directory knows of a topic. It is told what holds now, and again until it has heard it.</summary>
/// <param name="topic">The activation.</param>
/// <param name="turns">The turns in which the record changes.</param>
internal sealed class DirectoryEntry(TopicActivation topic, RecordTurns turns)
{
    private static readonly TimeSpan RepeatDelay = TimeSpan.FromSeconds(1);

    private IGrainTimer? _repeat;
    private bool _isBehind;
    private bool _isDeleted;

    /// <summary>The topic is there, with the channels of its record.</summary>
    public Task NoteAsync(OpenTopic open) => TellAllAsync(open);

    /// <summary>The topic was deleted. One of this name that is made again begins with a new activation.</summary>
    public Task NoteDeletedAsync()
    {
        _isDeleted = true;
        return TellAllAsync(open: null);
    }

    /// <summary>A topic of this name is open (again).</summary>
    public void NoteOpened() => _isDeleted = false;

    /// <summary>Tells the directory something once.</summary>
    /// <returns>Whether it has heard it.</returns>
    public async Task<bool> TellAsync(Func<IDirectoryGrain, ValueTask> tell)
    {
        try
        {
            await tell(topic.Directory);
            return true;
        }
        catch (Exception e) when (e is StoreException || Unanswered.Covers(e))
        {
            // The directory is an index that is rebuilt from the records; the topic works without it.
            topic.Log.DirectoryFailed(topic.Name, e.Message);
            return false;
        }
    }

    private async Task TellAllAsync(OpenTopic? open)
    {
        _isBehind = !await TellAsync(directory =>
            open is null ? directory.RemoveTopicAsync(topic.Name) : directory.SetTopicAsync(topic.Name, [.. open.Feeds.Keys]));
        if (_isBehind)
            _repeat ??= topic.RunLater(RepeatAsync, RepeatDelay);
        else if (_isDeleted)
            topic.DeactivateOnIdle();
    }

    private async Task RepeatAsync(CancellationToken cancellation)
    {
        _repeat?.Dispose();
        _repeat = null;
        using IDisposable turn = await turns.NextAsync(cancellation);
        if (_isBehind && (_isDeleted || topic.Open is not null))
            await TellAllAsync(_isDeleted ? null : topic.Open);
    }
}
