using System.Text.Json.Nodes;

namespace Broker.Admin;

/// <summary>The policy of a topic or a channel.</summary>
public sealed class PolicyModel
{
    public required string Topic { get; init; }

    /// <summary>The channel; empty for the topic.</summary>
    public required string Channel { get; init; }

    /// <summary>The broker that was asked.</summary>
    public required string Node { get; init; }

    /// <summary>What it tells; null when it knows nothing of policies.</summary>
    public required PolicyAnswer? Policy { get; init; }

    /// <summary>Why a change was not made; null when none was asked for.</summary>
    public string? Complaint { get; init; }

    /// <summary>What the policy would say by that change; null when none was asked for, or it is void.</summary>
    public JsonObject? Wanted { get; init; }
}
