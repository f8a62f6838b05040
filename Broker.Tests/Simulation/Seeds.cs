using Broker.Tests.Running;

namespace Broker.Tests.Simulation;

/// <summary>Runs a simulation from many seeds, as many at a time as there are processors.</summary>
internal static class Seeds
{
    /// <summary>Runs the seeds from 0 on, until one fails.</summary>
    /// <param name="variable">The variable of the environment that names one seed to run; with an S at its end it tells how many are run.</param>
    /// <param name="count">How many seeds are run when the environment does not say.</param>
    /// <param name="run">A run from a seed; it stays on its thread.</param>
    /// <exception cref="InvalidOperationException">A run failed; the message says which, and how it is run again.</exception>
    public static void Run(string variable, int count, Action<int> run)
    {
        if (Knob.Read<int>(variable) is { } one)
        {
            run(one);
            return;
        }

        (int Seed, Exception Cause)? failure = null;
        Parallel.For(
            0,
            Knob.Read<int>(variable + "S") ?? count,
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            (seed, loop) =>
            {
                try
                {
                    run(seed);
                }
                catch (Exception e) when (e is not OutOfMemoryException)
                {
                    failure ??= (seed, e);
                    loop.Stop();
                }
            });
        if (failure is var (failed, cause))
            throw new InvalidOperationException($"seed {failed} (run it again with {variable}={failed}): {cause.Message}", cause);
    }
}
