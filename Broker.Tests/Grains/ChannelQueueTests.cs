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

    private static string Last(string trace) => trace.Length > 3000 ? trace[^3000..] : trace;
}
