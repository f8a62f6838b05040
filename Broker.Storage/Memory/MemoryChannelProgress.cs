using Broker.Messages;

namespace Broker.Storage.Memory;

/// <summary>A channel's progress in memory, opened for writing. All calls complete at once.</summary>
internal sealed class MemoryChannelProgress(MemoryChannel channel, long epoch) : IChannelProgress
{
    public long Epoch => epoch;

    public long DurableFloor => channel.Floor;

    public ValueTask<ChannelState?> LoadAsync() => new(channel.Load());

    public void Note(in ProgressEntry entry) => channel.Note(epoch, entry);

    public ValueTask FlushAsync() => VerifyAsync();

    public ValueTask VerifyAsync() => Try(() => channel.Check(epoch));

    public ValueTask KeepAsync(MessageBatch message, ushort attempts, long due) => Try(() => channel.Keep(epoch, message, attempts, due));

    public ValueTask<MessageBatch?> ReadKeptAsync(long offset) => new(channel.ReadKept(offset));

    public ValueTask BuryAsync(IReadOnlyList<DeadLetter> letters) => Try(() => channel.Bury(epoch, letters));

    public ValueTask<DeadRead> ReadDeadAsync(long from, long to, int maxBytes) => new(channel.ReadDead(from, to, maxBytes));

    public ValueTask ReviveAsync(IReadOnlyList<DeadLetter> letters) => Try(() => channel.Revive(epoch, letters));

    public ValueTask FreeDeadAsync() => Try(() => channel.FreeDead(epoch));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static ValueTask Try(Action action)
    {
        try
        {
            action();
            return ValueTask.CompletedTask;
        }
        catch (FencedException e)
        {
            return ValueTask.FromException(e);
        }
    }
}
