using Broker.Channels;
using Broker.Messages;
using Broker.Policies;
using Broker.Storage;

namespace Broker.Grains.Channels;

/// <summary>Moves messages that their channel gave up into its own store, where they hold no log, and makes room for them there.</summary>
/// <param name="channel">The activation.</param>
/// <param name="forwarding">Sends them to another topic where the policy names one.</param>
internal sealed class Burial(ChannelActivation channel, Forwarding forwarding)
{
    private const int AtOnce = 256;
    private const int AtOnceBytes = 4 << 20;
    private const int ReadBytes = 128 << 10;

    /// <summary>Buries the first of the dying messages, or sends them to another topic.</summary>
    /// <exception cref="StoreException">They cannot be read or written now; they are dying still.</exception>
    public async Task BuryAsync(OpenChannel open)
    {
        await open.DeadTurns.WaitAsync();
        try
        {
            if (forwarding.IsPending(open))
            {
                await forwarding.SendAgainAsync();
                return;
            }

            int version = open.Queue.Version;
            List<(DyingMessage Message, byte[]? Record)> dying = await ReadAsync(open);
            if (!ReferenceEquals(open, channel.Open))
                return;
            // The log may have been trimmed behind a channel that was emptied meanwhile.
            bool isEmptied = open.Queue.Version != version;
            foreach ((DyingMessage message, _) in dying.Where(one => one.Record is null && !isEmptied))
                channel.Log.MessageLost(channel.Topic, channel.Name, message.Offset);
            if (open.Queue.Policy.DeadLetterTopic is { } topic && topic != channel.Topic)
                await forwarding.SendAsync(open, dying, topic);
            else
                await KeepAsync(open, dying, isEmptied ? DiscardCause.Emptied : DiscardCause.Lost);
        }
        finally
        {
            open.DeadTurns.Release();
        }
    }

    private static async Task<List<(DyingMessage Message, byte[]? Record)>> ReadAsync(OpenChannel open)
    {
        DyingBodies bodies = new(open);
        List<(DyingMessage, byte[]?)> read = [];
        long bytes = 0;
        foreach (DyingMessage dying in open.Queue.Dying.Take(AtOnce).ToArray())
        {
            byte[]? record = await bodies.ReadAsync(dying.Offset);
            read.Add((dying, record));
            bytes += record?.Length ?? 0;
            if (bytes >= AtOnceBytes)
                break;
        }

        return read;
    }

    private async Task KeepAsync(OpenChannel open, List<(DyingMessage Message, byte[]? Record)> dying, DiscardCause missing)
    {
        List<DeadLetter> letters = [];
        foreach ((DyingMessage message, byte[]? record) in dying)
        {
            if (record is not null)
                letters.Add(LetterOf(message, open.Queue.Letters.End + letters.Count, record));
        }

        if (letters.Count > 0)
            await open.Progress!.BuryAsync(letters);
        if (!ReferenceEquals(open, channel.Open))
            return;
        open.Queue.Bury(dying.Count, letters, missing);
        await MakeRoomAsync(open);
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
        Address = dying.Consumer?.Address ?? "",
        ClientId = dying.Consumer?.ClientId ?? "",
        Record = record,
    };
}
