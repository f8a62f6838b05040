using Broker.Messages;

namespace Broker.Storage.Files;

/// <summary>One opening of a channel's progress on disk.</summary>
internal sealed class FileChannelProgress(ChannelJournal journal, long epoch, ProgressState? loaded) : IChannelProgress
{
    private ProgressState? _loaded = loaded;

    public long Epoch => epoch;

    public long DurableFloor => journal.DurableFloor;

    public ValueTask<ChannelState?> LoadAsync()
    {
        ChannelState? state = _loaded?.Snapshot();
        _loaded = null;
        return new(state);
    }

    public void Note(in ProgressEntry entry) => journal.Note(epoch, entry);

    public ValueTask VerifyAsync() => journal.Verify(epoch);

    public ValueTask FlushAsync() => journal.FlushAsync(epoch);

    public ValueTask KeepAsync(MessageBatch message, ushort attempts, long due) => journal.KeepAsync(epoch, message, attempts, due);

    public ValueTask<MessageBatch?> ReadKeptAsync(long offset) => journal.ReadKeptAsync(offset);

    public ValueTask BuryAsync(IReadOnlyList<DeadLetter> letters) => new(journal.BuryAsync(epoch, letters));

    public ValueTask<DeadRead> ReadDeadAsync(long from, long to, int maxBytes) => new(journal.ReadDeadAsync(from, to, maxBytes));

    public ValueTask ReviveAsync(IReadOnlyList<DeadLetter> letters) => new(journal.ReviveAsync(epoch, letters));

    public ValueTask FreeDeadAsync() => new(journal.FreeDeadAsync(epoch));

    public async ValueTask DisposeAsync()
    {
        try
        {
            await journal.FlushAsync(epoch);
        }
        catch (FencedException)
        {
            // Another opening has taken over what this one noted.
        }
    }
}
