using Broker.Grains.Channels;
using FsCheck;
using FsCheck.Fluent;

namespace Broker.Tests.Grains;

/// <summary>The queue of a channel against a simple model: random operations, compared after each.</summary>
public sealed class ChannelQueueTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_queue_does_what_its_model_does(bool ownsBodies)
    {
        Prop.ForAll(ArbMap.Default.GeneratorFor<int>().Zip(Gen.Choose(1, 300)).ToArbitrary(), run =>
        {
            QueueDriver driver = new(run.Item1, ownsBodies);
            try
            {
                driver.Run(run.Item2);
                return true;
            }
            catch (Exception e) when (e is not OutOfMemoryException)
            {
                throw new InvalidOperationException($"seed {run.Item1}, {run.Item2} steps: {e.Message}\n{Last(driver.Trace)}", e);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(120));
    }

    [Fact]
    public void An_offer_without_batches_counts_nothing_twice()
    {
        ChannelLimits limits = new()
        {
            WindowMessages = 10,
            WindowBytes = 1 << 20,
            OwnsBodies = false,
            MaxMessageTimeout = 1000,
            MaxRequeueDelay = 1000,
        };
        ChannelQueue queue = new(limits, 100, new Random(1));
        queue.Recover(null, [], [], 100);
        Assert.True(queue.Offer(100, 102, 2, []));

        // As when the answer was lost, or the channel found more in the log when it opened than its topic had told it.
        Assert.False(queue.Offer(100, 105, 5, []));
        Assert.Equal((102, 2, 2), (queue.End, queue.Books.Messages, queue.Depth));
        Assert.True(queue.Offer(102, 105, 3, []));
        Assert.Equal((105, 5, 5), (queue.End, queue.Books.Messages, queue.Depth));
        Assert.True(queue.Offer(100, 105, 5, []));
        Assert.Equal((105, 5, 5), (queue.End, queue.Books.Messages, queue.Depth));
    }

    private static string Last(string trace) => trace.Length > 3000 ? trace[^3000..] : trace;
}
