using Broker.Messages;

namespace Broker.Grains.Topics;

/// <summary>An append that the topic has not taken note of yet.</summary>
/// <param name="Publisher">Who publishes.</param>
/// <param name="Sequence">The publisher's number for it.</param>
/// <param name="Lowest">The publisher's lowest number without an answer; 0 when it is not known.</param>
/// <param name="Batch">The batch with its offsets.</param>
/// <param name="Published">The batch as it was published; more than was appended where some of it was dropped.</param>
/// <param name="Started">When it was handed to the log; null when nobody wants to know.</param>
internal sealed record PendingAppend(
    long Publisher, long Sequence, long Lowest, MessageBatch Batch, MessageBatch Published, DateTimeOffset? Started)
{
    private Task<string?>? _outcome;
    private TaskCompletionSource<string?>? _awaited;

    /// <summary>Why it failed, or null when it did not; for who sent the same request again meanwhile.</summary>
    public Task<string?> Outcome => _outcome ??= (_awaited = new TaskCompletionSource<string?>(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>It has ended.</summary>
    /// <param name="failure">Why it failed; null when it did not.</param>
    public void End(string? failure)
    {
        _outcome ??= Task.FromResult(failure);
        _awaited?.TrySetResult(failure);
    }
}
