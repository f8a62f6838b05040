using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>Moves messages that their channel gave up into its own store, where they hold no log, and makes room for them there.</summary>
/// <param name="channel">The activation.</param>
internal sealed class Burial(ChannelActivation channel)
{
    private const int AtOnce = 256;
    private const int AtOnceBytes = 4 << 20;
    private const int ReadBytes = 128 << 10;

    /// <summary>Buries the first of the dying messages.</summary>
    /// <exception cref="StoreException">They cannot be read or written now; they are dying still.</exception>
    public async Task BuryAsync(OpenChannel open)
    {
        await open.DeadTurns.WaitAsync();
        try
        {
            ChannelQueue queue = open.Queue;
            int version = queue.Version;
            Bodies bodies = new(open);
            List<DeadLetter> letters = [];
            long bytes = 0;
            int count = 0;
            foreach (DyingMessage dying in queue.Dying.Take(AtOnce).ToArray())
            {
                count++;
                if (await bodies.ReadAsync(dying.Offset) is not { } record)
                    continue;
                letters.Add(LetterOf(dying, queue.Letters.End + letters.Count, record));
                bytes += record.Length;
                if (bytes >= AtOnceBytes)
                    break;
            }

            if (letters.Count > 0)
                await open.Progress!.BuryAsync(letters);
            if (!ReferenceEquals(open, channel.Open))
                return;
            // The log may have been trimmed behind a channel that was emptied meanwhile.
            bool isEmptied = queue.Version != version;
            foreach (DyingMessage dying in isEmptied ? [] : queue.Dying.Take(count).ExceptBy(letters.Select(letter => letter.Offset), one => one.Offset))
                channel.Log.MessageLost(channel.Topic, channel.Name, dying.Offset);
            queue.Bury(count, letters, isEmptied ? DiscardCause.Emptied : DiscardCause.Lost);
            await MakeRoomAsync(open);
        }
        finally
        {
            open.DeadTurns.Release();
        }
    }

    /// <summary>Discards the oldest dead letters while there are more than the policy allows.</summary>
    /// <exception cref="StoreException">They cannot be read now.</exception>
    private async Task MakeRoomAsync(OpenChannel open)
    {
        ChannelQueue queue = open.Queue;
        DeadNumbers letters = queue.Letters;
        while (ReferenceEquals(open, channel.Open) && IsBeyond(queue.Policy, letters.Count, letters.Bytes))
        {
            OffsetRange first = letters.Live(letters.Floor, letters.End).First();
            DeadRead read = await open.Progress!.ReadDeadAsync(first.Start, first.End, ReadBytes);
            if (!ReferenceEquals(open, channel.Open))
                return;
            long to = read.End;
            long size = 0;
            foreach (DeadLetter letter in read.Letters)
            {
                if (!IsBeyond(queue.Policy, letters.Count - (letter.Number - first.Start), letters.Bytes - size))
                {
                    to = letter.Number;
                    break;
                }

                size += letter.Size;
            }

            queue.DiscardDead(first.Start, to, size, DiscardCause.DeadEvicted);
        }
    }

    private static bool IsBeyond(ChannelPolicy policy, long count, long bytes) =>
        count > (policy.MaxDead ?? ChannelPolicy.Default.MaxDead) || bytes > (policy.MaxDeadBytes ?? ChannelPolicy.Default.MaxDeadBytes);

    private static DeadLetter LetterOf(in DyingMessage dying, long number, byte[] record) => new()
    {
        Number = number,
        Offset = dying.Offset,
        Attempts = dying.Attempts,
        Cause = dying.Cause,
        Time = dying.Time,
        Address = dying.Consumer.Address,
        ClientId = dying.Consumer.ClientId,
        Record = record,
    };

    /// <summary>Reads records, neighbours of which come in one read.</summary>
    private sealed class Bodies(OpenChannel open)
    {
        private LogRead _read = new([], 0);
        private long _from;

        /// <summary>The record at an offset; null when it is not there any more.</summary>
        public async Task<byte[]?> ReadAsync(long offset)
        {
            if (open.Queue.IsKept(offset))
                return (await open.Progress!.ReadKeptAsync(offset))?.Records;
            if (offset < _from || offset >= _read.End)
            {
                _read = await open.Reader!.ReadAsync(offset, offset + AtOnce, ReadBytes);
                _from = offset;
            }

            return _read.Batches.FirstOrDefault(batch => batch.BaseOffset <= offset && offset < batch.EndOffset) is { } found
                ? found.Single(found.PositionOf((int)(offset - found.BaseOffset)), offset).Records
                : null;
        }
    }
}
