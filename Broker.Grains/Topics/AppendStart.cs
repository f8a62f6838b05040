using Broker.Topics;

namespace Broker.Grains.Topics;

/// <summary>What became of a request that was to be appended: an answer, a write that is to be awaited, or another attempt of the same.</summary>
internal readonly record struct AppendStart
{
    /// <summary>The answer; null while it is not known.</summary>
    public TopicReply? Answer { get; private init; }

    /// <summary>What was appended; null when nothing was.</summary>
    public PendingAppend? Append { get; init; }

    /// <summary>Its write, when there is no answer yet.</summary>
    public ValueTask Write { get; init; }

    /// <summary>The outcome of an earlier attempt that is under way: null when it succeeds, else why it failed.</summary>
    public Task<string?>? Twin { get; init; }

    /// <summary>Whether all of it was dropped.</summary>
    public bool IsDropped { get; init; }

    /// <summary>It was answered at once.</summary>
    public static AppendStart Of(TopicReply answer) => new() { Answer = answer };
}
