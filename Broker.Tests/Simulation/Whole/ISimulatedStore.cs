using Broker.Storage;

namespace Broker.Tests.Simulation.Whole;

/// <summary>A store whose process and disk can fail.</summary>
internal interface ISimulatedStore
{
    /// <summary>Opens what is there, as a new process does.</summary>
    ValueTask<IMessageStore> OpenAsync(SeededScheduler scheduler, TimeProvider time);

    /// <summary>The process is gone, and the disk keeps what it must.</summary>
    /// <returns>How far back acknowledged publishes may be lost; zero for none at all.</returns>
    TimeSpan Crash(Random random);

    /// <summary>Something goes wrong with the disk.</summary>
    void Disturb(Random random);

    /// <summary>Nothing goes wrong any more.</summary>
    void Heal();
}
