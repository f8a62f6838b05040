using Broker.Messages;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>Reads from the log what the queue's window has room for, and the bodies of messages that come due again.</summary>
/// <param name="channel">The activation.</param>
internal sealed class ReadAhead(ChannelActivation channel)
{
    private const int ReadBytes = 512 << 10;
    private const int FetchMessages = 256;

    /// <summary>Reads one portion: bodies first.</summary>
    /// <exception cref="StoreException">It cannot be read now; what was wanted still is.</exception>
    public Task ReadAsync(OpenChannel open) => open.Queue.WantsBodies ? ReadBodiesAsync(open) : ReadLogAsync(open);

    private static async Task ReadLogAsync(OpenChannel open)
    {
        ChannelQueue queue = open.Queue;
        int version = queue.Version;
        LogRead read = await open.Reader!.ReadAsync(queue.Cursor, queue.End, ReadBytes);
        if (queue.Version != version)
            return;
        if (open.Reader.Hidden.Count > 0)
            queue.Hide(open.Reader.Hidden);
        queue.TakeFromLog(read.Batches, read.End);
    }

    // What comes due together is sorted and read in ranges.
    private async Task ReadBodiesAsync(OpenChannel open)
    {
        ChannelQueue queue = open.Queue;
        int version = queue.Version;
        List<DeferredMessage> wanted = queue.TakeMissing(FetchMessages);
        int supplied = 0;
        long bytes = 0;
        try
        {
            wanted.Sort((a, b) => a.Offset.CompareTo(b.Offset));
            while (supplied < wanted.Count && bytes < ReadBytes)
            {
                if (queue.IsKept(wanted[supplied].Offset))
                {
                    MessageBatch? kept = await open.Progress!.ReadKeptAsync(wanted[supplied].Offset);
                    if (queue.Version != version)
                        return;
                    Supply(queue, wanted[supplied++], kept, 0);
                    bytes += kept?.Records.Length ?? 0;
                    continue;
                }

                int last = supplied;
                while (last + 1 < wanted.Count && wanted[last + 1].Offset - wanted[last].Offset <= FetchMessages && !queue.IsKept(wanted[last + 1].Offset))
                    last++;
                LogRead read = await open.Reader!.ReadAsync(wanted[supplied].Offset, wanted[last].Offset + 1, ReadBytes);
                if (queue.Version != version)
                    return;
                int batch = 0;
                while (supplied <= last && wanted[supplied].Offset < read.End)
                {
                    while (batch < read.Batches.Count && read.Batches[batch].EndOffset <= wanted[supplied].Offset)
                        batch++;
                    MessageBatch? found = batch < read.Batches.Count && read.Batches[batch].BaseOffset <= wanted[supplied].Offset
                        ? read.Batches[batch]
                        : null;
                    int index = found is null ? 0 : (int)(wanted[supplied].Offset - found.BaseOffset);
                    bytes += found is null ? 0 : found.SizeAt(found.PositionOf(index));
                    Supply(queue, wanted[supplied++], found, index);
                }
            }
        }
        finally
        {
            if (queue.Version == version)
            {
                for (; supplied < wanted.Count; supplied++)
                    queue.PutBack(wanted[supplied]);
            }
        }
    }

    // A message that is delivered again must not pin the batch that it once came in.
    private void Supply(ChannelQueue queue, DeferredMessage message, MessageBatch? batch, int index)
    {
        if (batch is null)
        {
            channel.Log.MessageLost(channel.Topic, channel.Name, message.Offset);
            queue.Lose(message);
            return;
        }

        int position = batch.PositionOf(index);
        if (batch.Count > 1)
            (batch, position) = (batch.Single(position, message.Offset), 0);
        queue.Supply(new ReadyRun(batch, position, message.Offset, 1, message.Attempts));
    }
}
