using System.Diagnostics;

namespace Broker.Tests.Silo;

/// <summary>The built executable, started as scripts start it.</summary>
public sealed class ExecutableTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();

    // The executable in its own output folder, not the copy beside the tests: that is the one that is shipped.
    private static string Executable => Path.GetFullPath(
        Path.Combine(AppContext.BaseDirectory.Replace("Broker.Tests", "Broker.Silo"), OperatingSystem.IsWindows() ? "Broker.Silo.exe" : "Broker.Silo"));

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("--no-such-flag", "Broker.Silo: --no-such-flag: there is no such flag; \"Broker.Silo --help\" lists all")]
    [InlineData("nsqd -msg-timeout never", "Broker.Silo: --msg-timeout: \"never\" is no duration; write it like 250ms, 2s, 1m30s or 1.5h")]
    [InlineData("nsqd --data-path=gone", "Broker.Silo: --data-path: {cwd}/gone does not exist; create it or name another directory")]
    public async Task A_mistake_ends_it_with_one_line(string arguments, string line)
    {
        (int exitCode, string output, string error) = await RunAsync(arguments);
        Assert.Equal(2, exitCode);
        Assert.Equal("", output);
        Assert.Equal(line.Replace("{cwd}", _folder.FullName), error.TrimEnd());
    }

    [Fact]
    public async Task It_tells_its_version()
    {
        (int exitCode, string output, string error) = await RunAsync("nsqd --version");
        Assert.Equal(0, exitCode);
        Assert.StartsWith("nsqd v1.3.0 (", output);
        Assert.Equal("", error);
    }

    private async Task<(int ExitCode, string Output, string Error)> RunAsync(string arguments)
    {
        ProcessStartInfo start = new(Executable, arguments)
        {
            WorkingDirectory = _folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(30));
        return (process.ExitCode, await output, await error);
    }
}
