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

    public ValueTask VerifyAsync()
    {
        try
        {
            channel.Check(epoch);
            return ValueTask.CompletedTask;
        }
        catch (FencedException e)
        {
            return ValueTask.FromException(e);
        }
    }

    public ValueTask KeepAsync(MessageBatch message, ushort attempts, long due)
    {
        try
        {
            channel.Keep(epoch, message, attempts, due);
            return ValueTask.CompletedTask;
        }
        catch (FencedException e)
        {
            return ValueTask.FromException(e);
        }
    }

    public ValueTask<MessageBatch?> ReadKeptAsync(long offset) => new(channel.ReadKept(offset));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
