using System.Collections.Concurrent;
using Orleans;

namespace Broker.Tests.Embedded;

/// <summary>What the grains of a test did, and what they are to do when they come and go.</summary>
public sealed class GrainJournal
{
    private readonly ConcurrentQueue<string> _entries = new();

    public IReadOnlyList<string> Entries => [.. _entries];

    public Func<ScriptGrain, CancellationToken, Task>? Activating { get; set; }

    public Func<ScriptGrain, DeactivationReason, CancellationToken, Task>? Deactivating { get; set; }

    public Action? Constructing { get; set; }

    public void Add(string entry) => _entries.Enqueue(entry);
}
