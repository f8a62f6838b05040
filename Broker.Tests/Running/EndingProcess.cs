using System.Diagnostics;

namespace Broker.Tests.Running;

/// <summary>A program that is run to its end.</summary>
internal static class EndingProcess
{
    /// <summary>Runs it, and gives what it has written; fails unless it ends in time and well.</summary>
    /// <param name="start">What is run. Its output is redirected here.</param>
    /// <param name="patience">When it is killed.</param>
    /// <param name="tellMore">What is told beside its output when it fails.</param>
    public static async Task<string> RunAsync(ProcessStartInfo start, TimeSpan patience, Func<IEnumerable<string>> tellMore)
    {
        start.RedirectStandardOutput = true;
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        using CancellationTokenSource limit = new(patience);
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
        }

        string written = await output + await error;
        Assert.True(process.ExitCode == 0, $"ended with {process.ExitCode}: {written}{string.Join('\n', tellMore())}");
        return written;
    }
}
