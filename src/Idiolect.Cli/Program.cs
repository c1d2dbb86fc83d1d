using Idiolect.Cli;

using var interruption = new Interruption(Console.Error);
using var terminal = Terminal.Open();
return await Application.RunAsync(args, terminal, interruption.Token).ConfigureAwait(false);
