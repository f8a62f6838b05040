namespace Broker.Storage;

/// <summary>
/// Which requests of a publisher are in a log: the last <see cref="Size"/> numbers one by one, as they may arrive out of order, and
/// everything older.
/// </summary>
/// <param name="Highest">The greatest sequence that is in the log.</param>
/// <param name="Seen">Bit n stands for the sequence <paramref name="Highest"/> - n.</param>
public readonly record struct SequenceWindow(long Highest, ulong Seen)
{
    /// <summary>Sequences that are told apart.</summary>
    public const int Size = 64;

    /// <summary>Whether a request is in the log.</summary>
    public bool Contains(long sequence)
    {
        long distance = Highest - sequence;
        return distance >= 0 && (distance >= Size || (Seen & (1UL << (int)distance)) != 0);
    }

    /// <summary>The window after a request got into the log.</summary>
    public SequenceWindow With(long sequence)
    {
        long ahead = sequence - Highest;
        if (ahead > 0)
            return new SequenceWindow(sequence, (ahead >= Size ? 0 : Seen << (int)ahead) | 1);
        return ahead > -Size ? this with { Seen = Seen | (1UL << (int)-ahead) } : this;
    }
}
