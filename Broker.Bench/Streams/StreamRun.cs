using System.Globalization;
using System.Net;
using Broker.Bench.Measuring;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Runtime;
using Orleans.Streams;

namespace Broker.Bench.Streams;

/// <summary>Measures a provider: two silos and what it keeps events in as processes of their own, and the producers in this one.</summary>
/// <param name="kind">Which provider.</param>
/// <param name="options">How much.</param>
/// <param name="progress">Told what is measured.</param>
internal sealed class StreamRun(StreamProviderKind kind, StreamRunOptions options, TextWriter progress)
{
    private const int Streams = 32;
    private const int Batch = 100;

    // What nobody acknowledged comes again after 30 s by the defaults of NATS, after 60 s by those of the broker.
    private static readonly TimeSpan Quiet = TimeSpan.FromSeconds(75);
    private static readonly TimeSpan LateRepeats = TimeSpan.FromSeconds(35);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    private readonly byte[] _body = new byte[options.Size];
    private IAsyncStream<StreamEvent>[] _streams = [];
    private int _phase;
    private int _unhandled;

    public async Task<StreamFigures> MeasureAsync(CancellationToken interrupt)
    {
        using StreamServer server = await StreamServer.StartAsync(kind, options.Broker, options.Nats, interrupt);
        IPEndPoint first = new(IPAddress.Loopback, StreamServer.FreePort());
        int gateway = StreamServer.FreePort();
        string[] logs = [Path.Combine(server.Folder, "handled-1"), Path.Combine(server.Folder, "handled-2")];
        using ChildProcess survivor = await StartSiloAsync(first.Port, gateway, logs[0]);
        using ChildProcess victim = await StartSiloAsync(StreamServer.FreePort(), StreamServer.FreePort(), logs[1]);
        using IHost client = StreamCluster.CreateClient(kind, server.Address, gateway);
        await client.StartAsync(interrupt);
        IStreamProvider provider = client.Services.GetRequiredKeyedService<IStreamProvider>(StreamCluster.Provider);
        _streams = [.. Enumerable.Range(0, Streams).Select(i => provider.GetStream<StreamEvent>(StreamId.Create(EventHandlerGrain.Namespace, $"s{i}")))];
        using HandledEvents handled = new(logs);

        await RateAsync("warming up", options.Events / 4, batched: false);
        double singles = await RateAsync("one by one", options.Events, batched: false);
        double batched = await RateAsync("in batches", options.Events * 5, batched: true);
        LatencyHistogram latencies = await LatencyAsync();
        double idle = await IdleAsync([survivor, victim, .. server.Process is { } process ? (ChildProcess[])[process] : []]);
        (int acknowledged, int lost, int repeated) = await KillAsync();
        return new StreamFigures(
            kind, singles, batched, Milliseconds(latencies, 50), Milliseconds(latencies, 99), idle, acknowledged, lost, repeated, _unhandled);

        Task<ChildProcess> StartSiloAsync(int siloPort, int gatewayPort, string log) => ChildProcess.StartAsync(
            Environment.ProcessPath!,
            [
                .. Path.GetFileNameWithoutExtension(Environment.ProcessPath!) == "dotnet" ? (string[])[typeof(StreamRun).Assembly.Location] : [],
                StreamSiloCommand.CommandName, $"{kind}", server.Address, $"{first}", $"{siloPort}", $"{gatewayPort}", log,
            ],
            StreamSiloCommand.Ready,
            interrupt);

        async Task<double> RateAsync(string what, int events, bool batched)
        {
            int each = events / Streams / Batch * Batch;
            handled.Begin(Begin(what));
            long began = MonotonicClock.Now;
            await Task.WhenAll(Enumerable.Range(0, Streams).Select(stream => Task.Run(() => ProduceAsync(stream, each, batched), interrupt)));
            await handled.WaitAsync(each * Streams, Quiet, interrupt);
            _unhandled += (each * Streams) - handled.Distinct;
            return handled.Distinct / ((handled.LastAt - began) / (double)MonotonicClock.NanosecondsPerSecond);
        }

        async Task<LatencyHistogram> LatencyAsync()
        {
            handled.Begin(Begin($"{options.Rate} a second"));
            int count = 0;
            using PeriodicTimer timer = new(TimeSpan.FromSeconds(1.0 / options.Rate));
            List<Task> producing = [];
            for (; count < options.Rate * options.Seconds; count++)
            {
                await timer.WaitForNextTickAsync(interrupt);
                producing.Add(_streams[count % Streams].OnNextAsync(Event(count % Streams, count / Streams)));
            }
            await Task.WhenAll(producing);
            await handled.WaitAsync(count, Quiet, interrupt);
            _unhandled += count - handled.Distinct;
            return handled.Latencies;
        }

        async Task<double> IdleAsync(ChildProcess[] processes)
        {
            Begin("idle");
            // What follows the last event is over by then.
            await Task.Delay(TimeSpan.FromSeconds(3), interrupt);
            long began = MonotonicClock.Now;
            TimeSpan before = Used();
            await Task.Delay(TimeSpan.FromSeconds(options.Seconds), interrupt);
            return (Used() - before) / TimeSpan.FromMicroseconds((MonotonicClock.Now - began) / 1000.0) * 100;

            TimeSpan Used() => processes.Aggregate(TimeSpan.Zero, static (sum, process) => sum + process.ProcessorTime);
        }

        async Task<(int Acknowledged, int Lost, int Repeated)> KillAsync()
        {
            handled.Begin(Begin("a silo is killed"));
            int each = options.KillEvents / Streams;
            Task producing = Task.WhenAll(Enumerable.Range(0, Streams).Select(stream => Task.Run(() => ProduceToTheEndAsync(stream, each, interrupt), interrupt)));
            await handled.WaitAsync(each * Streams / 3, Quiet, interrupt);
            victim.Kill();
            await producing;
            await handled.WaitAsync(each * Streams, Quiet, interrupt);
            await Task.Delay(LateRepeats, interrupt);
            handled.Read();
            return (each * Streams, (each * Streams) - handled.Distinct, handled.Repeated);
        }
    }

    private static double Milliseconds(LatencyHistogram latencies, double percent) =>
        latencies.Count == 0 ? double.NaN : latencies.Percentile(percent) / (double)MonotonicClock.NanosecondsPerMillisecond;

    private int Begin(string what)
    {
        progress.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kind}: {what}"));
        return ++_phase;
    }

    private StreamEvent Event(int stream, int number) => new(_phase, stream, number, MonotonicClock.Now, _body);

    private async Task ProduceAsync(int stream, int count, bool batched)
    {
        for (int number = 0; number < count;)
        {
            if (batched)
            {
                await _streams[stream].OnNextBatchAsync([.. Enumerable.Range(number, Batch).Select(next => Event(stream, next))]);
                number += Batch;
            }
            else
            {
                await _streams[stream].OnNextAsync(Event(stream, number++));
            }
        }
    }

    // As a producer does that must not lose an event: again until it is taken.
    private async Task ProduceToTheEndAsync(int stream, int count, CancellationToken interrupt)
    {
        using PeriodicTimer timer = new(TimeSpan.FromSeconds((double)Streams / options.KillRate));
        for (int number = 0; number < count;)
        {
            await timer.WaitForNextTickAsync(interrupt);
            try
            {
                await _streams[stream].OnNextAsync(Event(stream, number));
                number++;
            }
            catch (Exception e) when (e is not OperationCanceledException || !interrupt.IsCancellationRequested)
            {
                await Task.Delay(RetryDelay, interrupt);
            }
        }
    }
}
