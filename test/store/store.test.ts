import { storeContract } from './contract.ts';
import { openFile, openMemory } from './opened.ts';

storeContract('memory', openMemory);
storeContract('file', openFile);
