using Broker.Bench.Load;
using Broker.Bench.Reports;

namespace Broker.Bench.Versus;

/// <summary>Something that every system is made to do.</summary>
internal interface IWork
{
    /// <summary>What the command line calls it.</summary>
    string Name { get; }

    /// <summary>What it is, in words, with all numbers that make it up.</summary>
    string Describe(WorkSettings settings);

    /// <summary>What is done, on a topic that the caller names.</summary>
    LoadPlan Plan(WorkSettings settings);

    /// <summary>Carries out a plan of this work on a server, once.</summary>
    /// <exception cref="LoadException">The server refuses or goes away.</exception>
    Task<LoadReport> RunAsync(IServer server, LoadPlan plan, WorkSettings settings, CancellationToken interrupt);
}
