using BenchmarkDotNet.Attributes;
using Broker.Orleans.Embedded;
using Microsoft.Extensions.DependencyInjection;
using Orleans;

namespace Broker.Bench.Micro;

/// <summary>A call to a grain on the embedded engine.</summary>
[MemoryDiagnoser]
public class EmbeddedCallBenchmarks
{
    private const int Calls = 1000;

    private ServiceProvider _services = null!;
    private IEchoGrain _grain = null!;

    // The runner within the process does not wait for asynchronous set-ups.
    [GlobalSetup]
    public void Start()
    {
        _services = new ServiceCollection().AddEmbeddedGrains(null, typeof(EchoGrain).Assembly).BuildServiceProvider();
        _services.GetRequiredService<EmbeddedGrainHost>().StartAsync(CancellationToken.None).GetAwaiter().GetResult();
        _grain = _services.GetRequiredService<IGrainFactory>().GetGrain<IEchoGrain>("echo");
    }

    [GlobalCleanup]
    public void Stop()
    {
        _services.GetRequiredService<EmbeddedGrainHost>().StopAsync(CancellationToken.None).GetAwaiter().GetResult();
        _services.Dispose();
    }

    /// <summary>The grain is idle: the call runs where the caller is.</summary>
    [Benchmark(OperationsPerInvoke = Calls)]
    public async Task<int> Idle()
    {
        int sum = 0;
        for (int i = 0; i < Calls; i++)
            sum += await _grain.EchoAsync(i);
        return sum;
    }

    /// <summary>The answer needs a second turn, on the thread pool.</summary>
    [Benchmark(OperationsPerInvoke = Calls)]
    public async Task<int> TwoTurns()
    {
        int sum = 0;
        for (int i = 0; i < Calls; i++)
            sum += await _grain.EchoLaterAsync(i);
        return sum;
    }
}
