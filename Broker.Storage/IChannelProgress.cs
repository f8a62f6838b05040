using Broker.Messages;

namespace Broker.Storage;

/// <summary>
/// What a channel must remember, as a journal whose cost is proportional to what changes. Writes are ordered and reach the operating
/// system within 50 ms; losing the last of them in a crash means a duplicate, never a loss.
/// </summary>
public interface IChannelProgress : IAsyncDisposable
{
    /// <summary>The epoch under which this opening writes.</summary>
    long Epoch { get; }

    /// <summary>Whether another opening is known to have taken over; where nobody else can, it never is.</summary>
    bool IsFenced => false;

    /// <summary>Completes when the store says that this opening is still the last one.</summary>
    /// <exception cref="FencedException">Another opening has taken over, or the channel was deleted.</exception>
    /// <exception cref="StoreException">The store cannot be asked now.</exception>
    ValueTask VerifyAsync();

    /// <summary>Reads what was kept, once after opening. Null for a channel that has no progress yet.</summary>
    ValueTask<ChannelState?> LoadAsync();

    /// <summary>Notes a change. Never waits; a failure shows in <see cref="FlushAsync"/> and <see cref="IMessageStore.Failure"/> and is tried again.</summary>
    void Note(in ProgressEntry entry);

    /// <summary>Completes when all that was noted before is written (and synced, where the sync interval asks for it).</summary>
    /// <exception cref="StoreException">It cannot be written now.</exception>
    /// <exception cref="FencedException">Another opening has taken over.</exception>
    ValueTask FlushAsync();

    /// <summary>The highest floor that was noted and is written; the log may be trimmed up to here.</summary>
    long DurableFloor { get; }

    /// <summary>
    /// Keeps a copy of a message in the channel's own store, so that it no longer holds the log. Durable when it completes; only then may the
    /// message be noted as finished in the log.
    /// </summary>
    /// <param name="message">A batch of one record with its offset.</param>
    /// <param name="attempts">Deliveries so far.</param>
    /// <param name="due">When it is due, in milliseconds since the Unix epoch; 0 when it is ready.</param>
    ValueTask KeepAsync(MessageBatch message, ushort attempts, long due);

    /// <summary>Reads a kept message; null when there is none of this offset.</summary>
    ValueTask<MessageBatch?> ReadKeptAsync(long offset);

    /// <summary>
    /// Takes messages that died into the channel's own store: from then on each is finished in the log and is a dead letter, both at once, and durably so
    /// when this completes. Not to be called again before that.
    /// </summary>
    /// <param name="letters">At least one, numbered on from <see cref="DeadNumbers.End"/>.</param>
    /// <exception cref="StoreException">Their bodies cannot be written now; nothing has happened. What fails after that is tried again until it is done.</exception>
    /// <exception cref="FencedException">Another opening has taken over.</exception>
    ValueTask BuryAsync(IReadOnlyList<DeadLetter> letters);

    /// <summary>Reads dead letters from one number to another (exclusive). What was removed lately may still be among them.</summary>
    /// <param name="from">Where to begin.</param>
    /// <param name="to">Where to end.</param>
    /// <param name="maxBytes">Stop before the letter that would exceed this many bytes; at least one is read.</param>
    /// <exception cref="StoreException">They cannot be read now.</exception>
    ValueTask<DeadRead> ReadDeadAsync(long from, long to, int maxBytes);

    /// <summary>
    /// Makes messages of dead letters again: each is no dead letter any more and a kept message without attempts, both at once, and durably so when
    /// this completes.
    /// </summary>
    /// <exception cref="FencedException">Another opening has taken over.</exception>
    ValueTask ReviveAsync(IReadOnlyList<DeadLetter> letters);

    /// <summary>Gives back the room of dead letters that are there no more.</summary>
    /// <exception cref="StoreException">It cannot be given back now.</exception>
    ValueTask FreeDeadAsync();
}
