using Broker.Topics;

namespace Broker.Storage;

/// <summary>
/// Which requests of a publisher are in a log, as far as the publisher may still ask: the last <see cref="Size"/> numbers one by one, as they
/// may arrive out of order, down to the lowest that the publisher said was still open.
/// </summary>
/// <param name="Highest">The greatest sequence that is in the log.</param>
/// <param name="Seen">Bit n stands for the sequence <paramref name="Highest"/> - n.</param>
/// <param name="Lowest">What is below is forgotten: the publisher has its answers. 0 when it has never said.</param>
public readonly record struct SequenceWindow(long Highest, ulong Seen, long Lowest = 0)
{
    /// <summary>Sequences that are told apart: as many as a publisher may have from its lowest open one on.</summary>
    public const int Size = PublishRequest.MaxSpread;

    /// <summary>Whether a request is in the log.</summary>
    public SequenceVerdict Judge(long sequence)
    {
        long distance = Highest - sequence;
        if (sequence < Lowest || distance >= Size)
            return SequenceVerdict.Unknown;
        return distance >= 0 && (Seen & (1UL << (int)distance)) != 0 ? SequenceVerdict.InLog : SequenceVerdict.New;
    }

    /// <summary>The window after a request got into the log.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="lowest">The lowest number that was still open when it was sent; 0 when nobody said.</param>
    public SequenceWindow With(long sequence, long lowest) => Union(new SequenceWindow(sequence, 1, lowest));

    /// <summary>What two windows of one publisher know together.</summary>
    public SequenceWindow Union(SequenceWindow other)
    {
        long highest = Math.Max(Highest, other.Highest);
        return new SequenceWindow(highest, SeenFrom(highest) | other.SeenFrom(highest), Math.Max(Lowest, other.Lowest));
    }

    private ulong SeenFrom(long highest) => highest - Highest is var ahead && ahead < Size ? Seen << (int)ahead : 0;
}
