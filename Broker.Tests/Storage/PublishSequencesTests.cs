using Broker.Storage;
using Broker.Topics;

namespace Broker.Tests.Storage;

/// <summary>What a log knows of its publishers' requests.</summary>
public sealed class PublishSequencesTests
{
    /// <summary>Invariants 1 and 2, for any order in which the requests of a publisher arrive.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_open_is_judged_exactly_and_what_is_below_never_as_written(int seed)
    {
        Random random = new(seed);
        for (int round = 0; round < 200; round++)
        {
            PublishSequences sequences = new();
            HashSet<long> written = [];
            List<long> open = [];
            long next = 1;
            for (int step = 0; step < 400; step++)
            {
                long lowest = open.Count > 0 ? open.Min() : next;
                if (open.Count < 4 && next - lowest < PublishRequest.MaxSpread)
                    open.Add(next++);
                lowest = open.Min();
                long asked = open[random.Next(open.Count)];
                Assert.Equal(
                    written.Contains(asked) ? SequenceVerdict.InLog : SequenceVerdict.New, sequences.Judge(7, asked, lowest));
                switch (random.Next(4))
                {
                    case 0 when written.Add(asked):
                        sequences.Add(7, asked, lowest);
                        break;
                    case 1 when written.Contains(asked):
                        open.Remove(asked);
                        break;
                    case 2 when random.Next(5) == 0:
                        // Given up without an answer.
                        open.Remove(asked);
                        break;
                    case 3 when random.Next(5) == 0:
                        sequences = new PublishSequences(sequences.ToDictionary());
                        break;
                }
                long any = random.NextInt64(1, next + 2);
                if (sequences.Judge(7, any, 0) == SequenceVerdict.InLog)
                    Assert.Contains(any, written);
            }
        }
    }

    [Fact]
    public void A_retry_outside_the_window_is_not_taken_for_written()
    {
        SequenceWindow window = default;
        for (long sequence = 2; sequence <= 80; sequence++)
            window = window.With(sequence, lowest: 0);
        Assert.Equal(SequenceVerdict.Unknown, window.Judge(1));
        Assert.Equal(SequenceVerdict.InLog, window.Judge(17));
        Assert.Equal(SequenceVerdict.New, window.Judge(81));
    }

    [Fact]
    public void Publishers_are_not_remembered_for_ever_and_the_latest_are()
    {
        PublishSequences sequences = new();
        for (long publisher = 1; publisher <= 100_000; publisher++)
        {
            sequences.Add(publisher, 1, 1);
            Assert.Equal(SequenceVerdict.InLog, sequences.Judge(Math.Max(1, publisher - PublishSequences.MaxPublishers + 1), 1, 1));
        }
        Assert.InRange(sequences.Count, PublishSequences.MaxPublishers, 2 * PublishSequences.MaxPublishers);
    }
}
