using System.Diagnostics;
using System.Globalization;
using System.Text;
using Broker.Serving.Http;
using Broker.Serving.Http.Replies;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Broker.Gateway.Http.Nsqd;

/// <summary>
/// <c>/debug/*</c>: where Go serves its profiler, the .NET runtime's own figures in text (spec 3.2). Profiles and dumps are made
/// with <c>dotnet-trace</c> and <c>dotnet-gcdump</c>.
/// </summary>
internal sealed class DebugEndpoints
{
    public void Map(IEndpointRouteBuilder endpoints)
    {
        MapReport(endpoints, "/debug/pprof/", Index);
        MapReport(endpoints, "/debug/pprof/cmdline", static () => string.Join('\0', Environment.GetCommandLineArgs()));
        MapReport(endpoints, "/debug/pprof/profile", Processor);
        MapReport(endpoints, "/debug/pprof/heap", Heap);
        MapReport(endpoints, "/debug/pprof/goroutine", Pool);
        MapReport(endpoints, "/debug/pprof/block", static () => Figures(("lock_contentions", Monitor.LockContentionCount)));
        MapReport(endpoints, "/debug/pprof/threadcreate", Threads);
        MapReport(endpoints, "/debug/pprof/symbol", Symbol);
        endpoints.MapPost("/debug/pprof/symbol", static _ => new(new PlainResult(Symbol())));
        endpoints.MapPut("/debug/setblockrate", SetBlockRate);
        endpoints.MapPost("/debug/freememory", FreeMemory);
    }

    private static void MapReport(IEndpointRouteBuilder endpoints, string path, Func<string> report) =>
        endpoints.MapGet(path, _ => new(new PlainResult(report())));

    private static string Index() => "profile heap goroutine block threadcreate cmdline symbol\n";

    // Go's words for: there are no symbols to look up here.
    private static string Symbol() => "num_symbols: 0\n";

    private static string Processor()
    {
        using Process process = Process.GetCurrentProcess();
        return Figures(
            ("processor_usec", (long)process.TotalProcessorTime.TotalMicroseconds),
            ("user_usec", (long)process.UserProcessorTime.TotalMicroseconds),
            ("system_usec", (long)process.PrivilegedProcessorTime.TotalMicroseconds),
            ("processors", Environment.ProcessorCount));
    }

    private static string Heap()
    {
        GCMemoryInfo memory = GC.GetGCMemoryInfo(GCKind.Any);
        return Figures(
            ("heap_bytes", GC.GetTotalMemory(forceFullCollection: false)),
            ("committed_bytes", memory.TotalCommittedBytes),
            ("fragmented_bytes", memory.FragmentedBytes),
            ("allocated_bytes_total", GC.GetTotalAllocatedBytes()),
            ("working_set_bytes", Environment.WorkingSet),
            ("collections_gen0", GC.CollectionCount(0)),
            ("collections_gen1", GC.CollectionCount(1)),
            ("collections_gen2", GC.CollectionCount(2)));
    }

    private static string Pool() => Figures(
        ("pool_threads", ThreadPool.ThreadCount),
        ("pool_waiting", ThreadPool.PendingWorkItemCount),
        ("pool_completed", ThreadPool.CompletedWorkItemCount));

    private static string Threads()
    {
        using Process process = Process.GetCurrentProcess();
        return Figures(("threads", process.Threads.Count));
    }

    private static string Figures(params ReadOnlySpan<(string Name, long Value)> figures)
    {
        StringBuilder text = new();
        foreach ((string name, long value) in figures)
            text.Append(CultureInfo.InvariantCulture, $"{name} {value}\n");
        return text.ToString();
    }

    // The .NET runtime counts contended locks at all times, so that there is no rate to set.
    private static ValueTask<IResult> SetBlockRate(HttpContext context)
    {
        string rate = QueryParameters.Of(context.Request)?.Find("rate") ?? "";
        return new(int.TryParse(rate, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _)
            ? new PlainResult("")
            : new PlainResult($"invalid block rate : {rate}", StatusCodes.Status400BadRequest));
    }

    private static ValueTask<IResult> FreeMemory(HttpContext context)
    {
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        return new(new PlainResult(""));
    }
}
