using System.Text.Json.Serialization;
using Orleans;

namespace Broker.Channels;

/// <summary>Which dead letters are meant: those of which all is true that is said here.</summary>
[GenerateSerializer, Immutable, Alias("Broker.DeadFilter")]
public sealed record DeadFilter
{
    /// <summary>All of them.</summary>
    public static DeadFilter All { get; } = new();

    /// <summary>Those that died of this.</summary>
    [Id(0), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public DeadCause? Cause { get; init; }

    /// <summary>Those that died then or later, in milliseconds since the Unix epoch.</summary>
    [Id(1), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? DiedFrom { get; init; }

    /// <summary>Those that died then or before, in milliseconds since the Unix epoch.</summary>
    [Id(2), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? DiedUntil { get; init; }

    /// <summary>Those with one of these message ids.</summary>
    [Id(3), JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ulong[]? Ids { get; init; }

    /// <summary>Whether a dead letter is meant.</summary>
    /// <param name="cause">Why it died.</param>
    /// <param name="time">When, in milliseconds since the Unix epoch.</param>
    /// <param name="id">Its message id.</param>
    public bool Matches(DeadCause cause, long time, ulong id) =>
        (Cause is null || Cause == cause)
        && (DiedFrom is null || time >= DiedFrom)
        && (DiedUntil is null || time <= DiedUntil)
        && (Ids is null || Ids.Contains(id));
}
