using Broker.Health;

namespace Broker.Silo.Hosting;

/// <summary>Whether the topics that were stored before the start have been opened: until then statistics do not tell of all.</summary>
/// <param name="opener">Opens them.</param>
internal sealed class TopicsCheck(TopicOpener opener) : IReadinessCheck
{
    /// <inheritdoc/>
    public string Name => "topics";

    /// <inheritdoc/>
    public async ValueTask<string?> CheckAsync(CancellationToken cancellation)
    {
        try
        {
            await opener.Done.WaitAsync(cancellation);
            return null;
        }
        catch (OperationCanceledException)
        {
            return "the stored topics have not all been opened yet";
        }
    }
}
