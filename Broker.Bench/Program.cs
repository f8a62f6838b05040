using Broker.Bench.Commands;

return await new BenchCommand().RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
